/* SPDX-License-Identifier: Apache-2.0 */
/* layer.h - reading the layers of images: what they are, their trees, their tar-split. */
#ifndef KEG_STORE_LAYER_H
#define KEG_STORE_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/mem.h"
#include "store/image.h"
#include "store/store.h"

/* How the layer's blob was packed when it came; the numbers are the file format's. */
enum store_compression {
	STORE_UNCOMPRESSED = 0,
	STORE_BZIP2 = 1,
	STORE_GZIP = 2,
	STORE_XZ = 3,
	STORE_ZSTD = 4,
};

struct store_layer {
	const char *id;
	const char *parent;		    /* "" for the lowest */
	const char *diff_digest;	    /* of the plain tar; "" when unknown (a container's) */
	const char *compressed_digest;	    /* of the blob it came as; "" when unknown */
	int64_t diff_size, compressed_size; /* -1 when unknown */
	enum store_compression compression;
	struct timespec created;
	unsigned in_store; /* as in struct store_image */
};

/*
 * The id that containers/image gives a layer, so that all tools share it: the hex of the diff
 * digest for the lowest, else sha256("<parent id>+<hex of diff digest>"). `parent` may be
 * NULL or "". Links the hash library: keep it off the run path.
 */
void store_layer_chain_id(char out[STORE_ID_LEN + 1], const char *parent, const char *diff_digest);

/* Complete layers only; what a crash left half made is KEG_ENOTFOUND. */
int store_layer_find(struct store *store, const char *id, struct keg_arena *arena,
		     struct store_layer *out, struct keg_err *err) KEG_MUST_CHECK;

/* All complete layers of all stores, in the order of the files; also those of containers. */
int store_layer_list(struct store *store, struct keg_arena *arena, struct store_layer **out,
		     size_t *n, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Are its own files there? A power cut may have taken them: such a layer is not to be reused,
 * and store_commit() puts a new one in its place.
 */
bool store_layer_is_whole(struct store *store, const struct store_layer *layer);

/*
 * Any layer that came as a blob of this digest, or whose plain tar has it: tells the diff
 * digest before anything is downloaded. KEG_ENOTFOUND when there is none.
 */
int store_layer_find_blob(struct store *store, const char *digest, struct keg_arena *arena,
			  struct store_layer *out, struct keg_err *err) KEG_MUST_CHECK;

/* From the lowest to `id`. KEG_ECORRUPT when one is missing or they form a circle. */
int store_layer_chain(struct store *store, const char *id, struct keg_arena *arena,
		      struct store_layer **out, size_t *n, struct keg_err *err) KEG_MUST_CHECK;

/* Its tree, for tar_split_assemble() or layer_diff(): a new descriptor. */
int store_layer_open_diff(struct store *store, const struct store_layer *layer,
			  struct keg_err *err) KEG_MUST_CHECK;

/*
 * Its tar-split, gzipped (zstd where a newer peer chose so): a new descriptor.
 * KEG_ENOTFOUND when it was never kept.
 */
int store_layer_open_split(struct store *store, const struct store_layer *layer,
			   struct keg_err *err) KEG_MUST_CHECK;

#endif
