/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_parents.h"

#include <string.h>

#include "base/strv.h"
#include "engine/image_inspect.h"
#include "spec/image_config.h"
#include "store/layer.h"

static bool has_layer(struct store *store, const struct store_image *image, const char *layer)
{
	auto(keg_arena) arena = { 0 };
	struct store_layer *chain;
	struct keg_err ignored;
	size_t n;

	if (!*image->layer ||
	    store_layer_chain(store, image->layer, &arena, &chain, &n, &ignored) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(chain[i].id, layer) == 0)
			return true;
	}
	return false;
}

static bool continues(const struct image_config *parent, const struct image_config *child)
{
	if (parent->n_history >= child->n_history)
		return false;
	for (size_t i = 0; i < parent->n_history; i++) {
		if (!keg_str_eq(parent->history[i].created_by, child->history[i].created_by) ||
		    !keg_str_eq(parent->history[i].created, child->history[i].created))
			return false;
	}
	return true;
}

bool image_is_parent(struct store *store, const struct store_image *parent,
		     const struct store_image *child)
{
	auto(keg_arena) arena = { 0 };
	struct image_config above = { 0 }, below = { 0 };
	struct keg_err ignored;

	if (strcmp(parent->id, child->id) == 0 ||
	    (*parent->layer && !has_layer(store, child, parent->layer)))
		return false;
	return image_config_load(store, parent, &arena, &below, &ignored) >= 0 &&
	       image_config_load(store, child, &arena, &above, &ignored) >= 0 &&
	       continues(&below, &above);
}

bool image_has_child(struct store *store, const struct store_image *image,
		     const struct store_image *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (image_is_parent(store, image, &all[i]))
			return true;
	}
	return false;
}
