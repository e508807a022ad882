/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - images and layers of one store, ready to look up without reading its lists.
 *
 * <graphroot>/keg/index is one block: a header that says of which lists it was made (device,
 * inode, size, time and the peers' last-writer token of each), tables of images and layers,
 * an open hash table over names, ids and digests, and the strings. Whoever finds that the
 * lists are no longer those makes it anew from them and replaces it; where it cannot be
 * written, it serves from memory. Nothing but speed depends on it.
 */
#ifndef KEG_STORE_INDEX_H
#define KEG_STORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct store_place;
struct store_image;
struct store_layer;

/* Start from {0}. */
struct store_index {
	const struct index_head *head; /* the block, or NULL */
	size_t len;
	int mapped; /* by mmap(); otherwise allocated */
};

/*
 * Bring the place's index up to date. `dir` is where its file `name` is kept, or -1: nowhere.
 */
int store_index_refresh(struct store_place *place, int dir, const char *name,
			struct keg_err *err) KEG_MUST_CHECK;
void store_index_close(struct store_index *index);

/* Close it and remove its file: the next refresh makes it anew. */
void store_index_drop(struct store_place *place, int dir, const char *name);

/*
 * For who is about to change layers.json, under its lock, in a way that matters to no image
 * (a container's layer): is the index still the one of the list as it stands? If so, carry it
 * over afterwards with store_index_restamp(), which saves the next reader from making it anew.
 */
bool store_index_knows_layers(const struct store_place *place);
void store_index_restamp(struct store_place *place, int dir, const char *name);

/*
 * The rest is valid after a refresh that succeeded. What is filled in is copied to the
 * arena. Positions count from 0.
 */
size_t store_index_images(const struct store_index *index);
size_t store_index_layers(const struct store_index *index);
void store_index_image(const struct store_index *index, size_t at, struct keg_arena *arena,
		       struct store_image *out);
void store_index_layer(const struct store_index *index, size_t at, struct keg_arena *arena,
		       struct store_layer *out);
const char *store_index_image_id(const struct store_index *index, size_t at);

/* What a key may stand for. One text can be several of these, and of several images. */
enum index_key {
	INDEX_IMAGE_ID,
	INDEX_IMAGE_NAME,
	INDEX_IMAGE_DIGEST,
	INDEX_LAYER_ID,
	INDEX_LAYER_DIGEST, /* compressed or not */
};

/*
 * The position of the next match, or -1. Start with *cursor = 0 and call again for more.
 */
int64_t store_index_lookup(const struct store_index *index, enum index_key what, const char *key,
			   size_t *cursor);

#endif
