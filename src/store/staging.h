/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staging.h - layers while they are unpacked, where no other tool looks.
 *
 * A staging folder holds a lock file that its owner keeps locked, so that whoever finds it
 * after a crash knows that it is nobody's. Several may be filled at once, by several threads;
 * store_staging_new() and store_staging_free() are safe against each other.
 */
#ifndef KEG_STORE_STAGING_H
#define KEG_STORE_STAGING_H

#include "base/err.h"
#include "store/store.h"

struct store_staging;

/* A new empty tree on the file system of the layers. */
int store_staging_new(struct store *store, struct store_staging **out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* The tree to unpack into. The descriptor is the staging's. */
int store_staging_diff(const struct store_staging *staging);

/* An empty file for the gzipped tar-split, open for writing; not writing to it means that
 * there is none. The descriptor is the staging's. */
int store_staging_split(const struct store_staging *staging);

/*
 * Remove what store_commit() did not take. May take long for a large tree. The staging must
 * be freed before its store is closed.
 */
void store_staging_free(struct store_staging *staging);
KEG_AUTOPTR(store_staging, store_staging_free)

#endif
