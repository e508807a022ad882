/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_split.h - what of a layer's tar is not in its directory tree, kept so that the tar can be
 * put together again bit for bit (github.com/vbatts/tar-split, JSON lines).
 *
 * containers/storage keeps it gzipped as overlay-layers/<id>.tar-split.gz: one object a
 * line, {"type":2,"payload":base64,"position":N} for raw bytes, {"type":1,"name":...,
 * "size":N,"payload":crc64,"position":N} where a file's content belongs.
 */
#ifndef KEG_ARCHIVE_TAR_SPLIT_H
#define KEG_ARCHIVE_TAR_SPLIT_H

#include "archive/stream.h"
#include "archive/tar_reader.h"
#include "base/err.h"

struct tar_split_recorder;

/* Records what a tar_reader shows it into `out` (a compressor, usually), the caller's. */
struct tar_split_recorder *tar_split_recorder_new(struct stream_out *out);
void tar_split_recorder_free(struct tar_split_recorder *self);
KEG_AUTOPTR(tar_split_recorder, tar_split_recorder_free)

/*
 * What to hand to tar_reader_new() or layer_apply(). A path that comes twice is refused with
 * KEG_ECORRUPT, as the peers do: only one content could be kept.
 */
const struct tar_watch *tar_split_recorder_watch(struct tar_split_recorder *self);
/* After the last member: write what is pending. Does not finish `out`. */
int tar_split_recorder_end(struct tar_split_recorder *self, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Write the original tar to `out`. `split` is the decompressed JSON; file contents are read
 * below the directory `tree` and never from outside of it. KEG_ECORRUPT when a file is
 * missing, or has another size or checksum than recorded: the tree was changed.
 */
int tar_split_assemble(struct stream_in *split, int tree, struct stream_out *out,
		       struct keg_err *err) KEG_MUST_CHECK;

#endif
