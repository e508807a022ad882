/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_writer.h - write tar archives as Go's archive/tar does in its choice of format: ustar
 * where it suffices, a pax header for what does not fit (long names, xattrs, big ids and
 * sizes, names that are not ASCII). Times are cut to whole seconds unless asked otherwise.
 */
#ifndef KEG_ARCHIVE_TAR_WRITER_H
#define KEG_ARCHIVE_TAR_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/stream.h"
#include "archive/tar.h"
#include "base/err.h"

struct tar_writer;

/* Writes to `out`, which stays the caller's. */
struct tar_writer *tar_writer_new(struct stream_out *out, bool subsecond_times);
void tar_writer_free(struct tar_writer *self);
KEG_AUTOPTR(tar_writer, tar_writer_free)

/*
 * Begin a member. Content of exactly entry->size bytes must follow for a TAR_FILE; extents are
 * ignored (files are written dense). A member left short is a bug of the caller.
 */
int tar_writer_add(struct tar_writer *self, const struct tar_entry *entry,
		   struct keg_err *err) KEG_MUST_CHECK;
int tar_writer_data(struct tar_writer *self, const void *bytes, size_t len,
		    struct keg_err *err) KEG_MUST_CHECK;
/* A whole file of `len` bytes: mode 0644, owned by root, from 1970. */
int tar_writer_file(struct tar_writer *self, const char *name, const void *bytes, size_t len,
		    struct keg_err *err) KEG_MUST_CHECK;
/* Pad the last member and write the end; does not finish `out`. */
int tar_writer_end(struct tar_writer *self, struct keg_err *err) KEG_MUST_CHECK;

#endif
