/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "store/handle.h"
#include "store/layer_tree.h"

static int find_by(struct store *store, enum index_key what, const char *key,
		   struct keg_arena *arena, struct store_layer *out, struct keg_err *err)
{
	for (size_t i = 0; i < store->n_places; i++) {
		size_t cursor = 0;
		int r = store_place_refresh(store, i, err);

		if (r < 0)
			return r;
		const struct store_index *index = &store->places[i].index;
		int64_t at = store_index_lookup(index, what, key, &cursor);
		if (at >= 0) {
			store_index_layer(index, (size_t)at, arena, out);
			out->in_store = (unsigned)i;
			return 0;
		}
	}
	return keg_fail(err, KEG_ENOTFOUND, "%s: layer not known", key);
}

int store_layer_find(struct store *store, const char *id, struct keg_arena *arena,
		     struct store_layer *out, struct keg_err *err)
{
	return find_by(store, INDEX_LAYER_ID, id, arena, out, err);
}

int store_layer_find_blob(struct store *store, const char *digest, struct keg_arena *arena,
			  struct store_layer *out, struct keg_err *err)
{
	return find_by(store, INDEX_LAYER_DIGEST, digest, arena, out, err);
}

bool store_layer_is_whole(struct store *store, const struct store_layer *layer)
{
	return layer_tree_is_whole(&store->places[layer->in_store], layer->id, !*layer->parent,
				   layer->diff_size);
}

static size_t count_layers(const struct store *store)
{
	size_t n = 0;

	for (size_t i = 0; i < store->n_places; i++)
		n += store_index_layers(&store->places[i].index);
	return n;
}

int store_layer_list(struct store *store, struct keg_arena *arena, struct store_layer **out,
		     size_t *n, struct keg_err *err)
{
	size_t filled = 0;

	for (size_t i = 0; i < store->n_places; i++) {
		int r = store_place_refresh(store, i, err);

		if (r < 0)
			return r;
	}

	struct store_layer *list = keg_arena_alloc(arena, count_layers(store) + 1, sizeof *list);
	for (size_t i = 0; i < store->n_places; i++) {
		const struct store_index *index = &store->places[i].index;

		for (size_t at = 0; at < store_index_layers(index); at++) {
			store_index_layer(index, at, arena, &list[filled]);
			list[filled++].in_store = (unsigned)i;
		}
	}
	*out = list;
	*n = filled;
	return 0;
}

int store_layer_chain(struct store *store, const char *id, struct keg_arena *arena,
		      struct store_layer **out, size_t *n, struct keg_err *err)
{
	struct store_layer top;
	size_t len = 0;

	/* From the top down to learn the number, then again to fill in: the order is reversed. */
	for (const char *at = id; *at; at = top.parent, len++) {
		if (store_layer_find(store, at, arena, &top, err) < 0)
			return keg_fail(err, KEG_ECORRUPT, "layer %s: layer %s is missing", id, at);
		if (len > count_layers(store))
			return keg_fail(err, KEG_ECORRUPT, "layer %s is below itself", id);
	}

	struct store_layer *chain = keg_arena_alloc(arena, len + 1, sizeof *chain);
	const char *at = id;
	for (size_t i = len; i-- > 0; at = chain[i].parent) {
		int r = store_layer_find(store, at, arena, &chain[i], err);

		if (r < 0)
			return r;
	}
	*out = chain;
	*n = len;
	return 0;
}

int store_layer_open_diff(struct store *store, const struct store_layer *layer, struct keg_err *err)
{
	const struct store_place *place = &store->places[layer->in_store];
	autofree char *path = layer_tree_path(place, layer->id);
	int r = layer_tree_check(place, layer->id, err);

	return r < 0 ? r : keg_open_at(place->trees, path, O_RDONLY | O_DIRECTORY, 0, err);
}

int store_layer_open_split(struct store *store, const struct store_layer *layer,
			   struct keg_err *err)
{
	autofree char *file = keg_printf("%s.tar-split.gz", layer->id);

	return keg_open_at(store->places[layer->in_store].lists[STORE_LAYERS], file, O_RDONLY, 0,
			   err);
}
