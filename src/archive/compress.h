/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compress.h - compressed streams, found out by their first bytes. Memory is bounded whatever
 * the input says, and the output by a limit of the caller's, which stops bombs.
 */
#ifndef KEG_ARCHIVE_COMPRESS_H
#define KEG_ARCHIVE_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "archive/stream.h"

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
	COMPRESSION_BZIP2, /* recognized, and refused by name */
	COMPRESSION_XZ,	   /* the same */
};

enum { COMPRESSION_MAGIC = 6 }; /* bytes that decide */

enum compression compression_detect(const void *bytes, size_t len);
/* "none", "gzip", "zstd", "bzip2", "xz". */
const char *compression_name(enum compression what);

/*
 * What `from` holds, decompressed; plain data passes unchanged. Several gzip members or zstd
 * frames in a row are one stream. Reading more than `most` bytes out of it is KEG_ECORRUPT
 * (0: no limit). Takes `from` over when it succeeds. *found may be NULL.
 */
int stream_decompress(struct stream_in *from, uint64_t most, enum compression *found,
		      struct stream_in **out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * A stage that compresses into `to`; NONE passes on. `level` 0 is the default: zstd 3, and
 * for gzip a balance of speed and size. zstd takes 1 to 19, gzip 1 to 9 (mapped to isa-l's levels).
 * The same input gives the same bytes. Takes `to` over when it succeeds. Of zstd that ends in a
 * stream_out_buf(), finish() may be called again and again: each ends a frame.
 */
int stream_compress(struct stream_out *to, enum compression what, int level,
		    struct stream_out **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
