/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.h - make an image and its layers visible, all at once: one lock hold, one rewrite of
 * each list, whatever the number of layers.
 *
 * Killed at any instruction, nothing is recorded that is not whole: folders move into
 * place first, then the layers' list, then the image's documents, then the images' list. A
 * failure on the way is undone.
 */
#ifndef KEG_STORE_COMMIT_H
#define KEG_STORE_COMMIT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "store/layer.h"
#include "store/staging.h"

struct store_new_layer {
	const char *id;		       /* store_layer_chain_id(), or random */
	struct store_staging *staging; /* NULL: the layer must exist; else taken when it does not */
	const char *diff_digest, *compressed_digest; /* NULL or "": unknown */
	int64_t diff_size, compressed_size;	     /* -1: unknown */
	enum store_compression compression;
	const uint32_t *uids, *gids; /* owners found in it, ascending; the peers keep them */
	size_t n_uids, n_gids;
};

struct store_new_data {
	const char *key;    /* as in store_image_data() */
	const char *digest; /* of the bytes, "sha256:..." */
	const void *bytes;
	size_t len;
};

struct store_new_image {
	const char *id;		  /* the hex of the config's digest; NULL: layers only */
	const char *const *names; /* taken from whichever image has them now */
	size_t n_names;
	const struct store_new_data
		*data; /* with "manifest" in it, which gives the image's digest */
	size_t n_data;
	const char *metadata; /* containers/image's JSON, or NULL: "{}", or what is there */
	struct timespec created;
};

/*
 * Record the layers (lowest first, each the parent of the next) and the image. An image with
 * this id that exists keeps its record: documents are replaced or added, names moved to it, and
 * metadata, where given, replaced.
 * A layer without staging that is gone by now (a peer removed it meanwhile) is KEG_ENOTFOUND
 * with its index in *missing (may be NULL): fetch it and commit again, the other stagings
 * being untouched.
 */
int store_commit(struct store *store, const struct store_new_layer *layers, size_t n_layers,
		 const struct store_new_image *image, size_t *missing,
		 struct keg_err *err) KEG_MUST_CHECK;

#endif
