/* SPDX-License-Identifier: Apache-2.0 */
/* storage_unpack.h - a layer's blob into a staging of the store: inflated, hashed, unpacked. */
#ifndef KEG_IMAGE_STORAGE_UNPACK_H
#define KEG_IMAGE_STORAGE_UNPACK_H

#include "archive/compress.h"
#include "store/commit.h"
#include "store/staging.h"

struct storage_unpack {
	struct store_staging *staging;
	const char *diff_id; /* what the plain tar must be */
	int64_t size;	     /* of the blob; -1: unknown */
	bool userns, ignore_chown_errors;
};

/* What was found on the way. The lists are the caller's to free. */
struct storage_unpacked {
	int64_t diff_size;
	enum compression packing;
	uint32_t *uids, *gids; /* ascending */
	size_t n_uids, n_gids;
};

/*
 * Read all of `from`, which stays the caller's. On success the staging is ready to be
 * committed; on failure it is to be freed. KEG_ECORRUPT when it is not the layer `diff_id`.
 */
int storage_unpack_run(const struct storage_unpack *what, struct stream_in *from,
		       struct storage_unpacked *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
