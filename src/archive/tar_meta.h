/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_meta.h - what pax headers (POSIX.1-2001) and GNU's long names say about the member
 * that follows them, collected before that member's own header is read.
 */
#ifndef KEG_ARCHIVE_TAR_META_H
#define KEG_ARCHIVE_TAR_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/tar.h"
#include "base/err.h"
#include "base/mem.h"

enum {
	TAR_XATTRS_MAX = 1024, /* of one member */

};

/* 2^32-1 means "no change" to chown(2), so it cannot be an owner. */
#define TAR_ID_MAX (UINT32_MAX - 1)

/* Extents as they are collected; `list` grows by malloc and is kept between members. */
struct tar_extents {
	struct tar_extent *list;
	size_t n, room;
};

struct tar_meta {
	struct keg_arena arena;
	const char *path, *link; /* NULL: not said */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size;
	uint32_t uid, gid;
	struct timespec mtime, atime, ctime; /* the last two {0} when not said */
	struct tar_xattr *xattrs;
	size_t n_xattrs, room_xattrs;

	/* GNU.sparse.* */
	bool sparse, map_in_data; /* the latter: format 1.0 */
	bool has_real_size;
	uint64_t real_size;
	const char *real_path;
	struct tar_extents extents;
	bool offset_pending; /* format 0.0: an offset waits for its length */
};

/* Empty it for the next member; memory of lists is kept. */
void tar_meta_reset(struct tar_meta *meta);
void tar_meta_done(struct tar_meta *meta);

/* The records of a pax header. KEG_ECORRUPT for what is malformed or over a limit. */
int tar_meta_pax(struct tar_meta *meta, const char *records, size_t len,
		 struct keg_err *err) KEG_MUST_CHECK;

/* KEG_ECORRUPT when there are too many. */
int tar_extents_add(struct tar_extents *extents, uint64_t at, uint64_t len,
		    struct keg_err *err) KEG_MUST_CHECK;

/*
 * Ascending, apart, within `size`, and `stored` bytes in all, or KEG_ECORRUPT. Extents without
 * length, which only mark the end, are dropped.
 */
int tar_extents_check(struct tar_extents *extents, uint64_t size, uint64_t stored,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
