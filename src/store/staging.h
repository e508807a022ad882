/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staging.h - layers while they are unpacked, where no other tool looks.
 *
 * A staging folder is kept locked (flock) by its owner, so that whoever finds it after a crash
 * knows that it is nobody's. Several may be filled at once, by several threads;
 * store_staging_new() and store_staging_free() are safe against each other.
 */
#ifndef KEG_STORE_STAGING_H
#define KEG_STORE_STAGING_H

#include <stdbool.h>

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
 * All is unpacked: closes the two descriptors above, so that an image of hundreds of layers
 * does not need thousands. They are -1 from then on.
 */
void store_staging_filled(struct store_staging *staging);

/* The folder around all of it; what is moved into it is removed with it. */
int store_staging_dir(const struct store_staging *staging);

/* For commit.c: below store_staging_dir(), the folder that becomes overlay/<id>. */
#define STORE_STAGING_LAYER "layer"

/* For commit.c: move the tar-split, if one was written, to where it belongs. */
int store_staging_place_split(struct store_staging *staging, const char *id,
			      struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remove the stagings that dead processes left, in a store locked for writing or not; with
 * `remove` false only count them. `each` is called with their names. Returns how many stay.
 */
int store_staging_collect(struct store *store, bool remove,
			  void (*each)(void *ctx, const char *name, bool removed), void *ctx,
			  struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remove what store_commit() did not take. May take long for a large tree. The staging must
 * be freed before its store is closed.
 */
void store_staging_free(struct store_staging *staging);
KEG_AUTOPTR(store_staging, store_staging_free)

#endif
