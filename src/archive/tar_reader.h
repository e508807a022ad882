/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_reader.h - read tar archives: ustar, GNU (long names, sparse), pax (xattrs, big numbers,
 * sparse 0.0, 0.1 and 1.0). Hostile input is the normal case: everything is bounded.
 */
#ifndef KEG_ARCHIVE_TAR_READER_H
#define KEG_ARCHIVE_TAR_READER_H

#include <stddef.h>
#include <stdint.h>

#include "archive/stream.h"
#include "archive/tar.h"
#include "base/err.h"

struct tar_reader;

/*
 * Sees every byte of the archive in its order, so that it can be put together again
 * (tar_split.h): raw() what is not content (headers, padding, the end, the maps and data of
 * sparse files), entry() each member before its content, data() its content, done() after the
 * last byte of it. Each returns 0 or a negative code that stops the reader.
 */
struct tar_watch {
	int (*raw)(void *ctx, const void *bytes, size_t len, struct keg_err *err);
	int (*entry)(void *ctx, const struct tar_entry *entry, uint64_t stored,
		     struct keg_err *err);
	int (*data)(void *ctx, const void *bytes, size_t len, struct keg_err *err);
	int (*done)(void *ctx, struct keg_err *err);
	void *ctx;
	bool said; /* the entries' `said` is wanted */
};

/* Reads from `in`, which stays the caller's; `watch` may be NULL and stays the caller's. */
struct tar_reader *tar_reader_new(struct stream_in *in, const struct tar_watch *watch);
void tar_reader_free(struct tar_reader *self);
KEG_AUTOPTR(tar_reader, tar_reader_free)

/*
 * The next member: 1 with *entry valid until the next call of this, or 0 at the end of the
 * archive, when all of `in` has been read too. Content not asked for is passed over.
 * Malformed input is KEG_ECORRUPT and says where: "member \"NAME\" at byte N: ...".
 */
int tar_reader_next(struct tar_reader *self, const struct tar_entry **entry,
		    struct keg_err *err) KEG_MUST_CHECK;

/*
 * More content of the current member: 1 with *bytes (valid until the next call), or 0 at its
 * end. `*at` is the offset in the file; it jumps where a sparse file has a hole.
 */
int tar_reader_data(struct tar_reader *self, const void **bytes, size_t *len, uint64_t *at,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
