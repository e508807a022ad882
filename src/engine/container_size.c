/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_size.h"

#include <string.h>

#include "engine/tree_size.h"
#include "store/image.h"
#include "store/layer.h"

/* With the vfs driver the container has a copy of all that is in the image. */
static int64_t own_size(struct container *c, struct store *store, const struct store_image *image)
{
	struct store_layer top;
	struct keg_err ignored;

	if (strcmp(store_config(store)->driver, "vfs") != 0 ||
	    store_layer_find(store, image->layer, &c->arena, &top, &ignored) < 0)
		return tree_size(c->dir, CONTAINER_DIR_UPPER);
	autofd int base = store_layer_open_diff(store, &top, &ignored);
	return tree_size_changed(c->dir, CONTAINER_DIR_UPPER, base);
}

int container_size(struct container *c, struct container_size *out, struct keg_err *err)
{
	struct store *store;
	struct store_image image;
	int r = engine_store(c->engine, &store, err);

	if (r >= 0)
		r = store_image_find(store, c->record.image_id, &c->arena, &image, err);
	if (r < 0)
		return r;
	*out = (struct container_size){ .rw = own_size(c, store, &image), .image = image.size };
	return 0;
}
