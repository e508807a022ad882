/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_size.h"

#include "engine/tree_size.h"
#include "store/image.h"

int container_size(struct container *c, struct container_size *out, struct keg_err *err)
{
	struct store *store;
	struct store_image image;
	int r = engine_store(c->engine, &store, err);

	if (r >= 0)
		r = store_image_find(store, c->record.image_id, &c->arena, &image, err);
	if (r < 0)
		return r;
	*out = (struct container_size){ .rw = tree_size(c->dir, CONTAINER_DIR_UPPER),
					.image = image.size };
	return 0;
}
