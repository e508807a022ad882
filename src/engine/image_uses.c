/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_uses.h"

#include <string.h>

#include "engine/container.h"
#include "engine/lifecycle.h"
#include "store/container.h"
#include "store/remove.h"

static struct image_use *add(struct image_uses *uses)
{
	uses->v = keg_grow(uses->v, uses->n, &uses->room, sizeof *uses->v);
	return &uses->v[uses->n++];
}

static int add_ours(void *ctx, struct container *c, struct keg_err *err)
{
	struct image_uses *uses = ctx;

	(void)err;
	*add(uses) = (struct image_use){
		.image = keg_arena_strdup(&uses->arena, c->record.image_id),
		.container = keg_arena_strdup(&uses->arena, c->id),
	};
	return 0;
}

int image_uses_load(struct engine *engine, struct image_uses *out, struct keg_err *err)
{
	struct store_container *peers;
	struct store *store;
	size_t n = 0;
	int r = engine_store(engine, &store, err);

	*out = (struct image_uses){ 0 };
	if (r >= 0)
		r = container_each(engine, add_ours, out, err);
	if (r >= 0)
		r = store_container_list(store, NULL, &out->arena, &peers, &n, err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (!peers[i].pin)
			*add(out) = (struct image_use){ .image = peers[i].image,
							.container = peers[i].id,
							.external = true,
							.build = peers[i].build };
	}
	if (r < 0)
		image_uses_done(out);
	return r;
}

void image_uses_done(struct image_uses *uses)
{
	keg_arena_done(&uses->arena);
	free(uses->v);
	*uses = (struct image_uses){ 0 };
}

size_t image_uses_count(const struct image_uses *uses, const char *image, bool external)
{
	size_t n = 0;

	for (size_t i = 0; i < uses->n; i++)
		n += uses->v[i].external <= external && strcmp(uses->v[i].image, image) == 0;
	return n;
}

static int remove_ours(struct engine *engine, const char *id, struct keg_err *err)
{
	const struct lifecycle_remove how = { .force = true, .volumes = true, .seconds = -1 };
	auto(container) c = CONTAINER_INIT;
	int r = container_open_id(engine, id, &c, err);

	return r < 0 ? r : lifecycle_remove(&c, &how, err);
}

int image_uses_remove(struct engine *engine, const char *image, struct keg_err *err)
{
	auto(image_uses) uses = { 0 };
	struct store *store;
	int r = engine_store(engine, &store, err);

	if (r >= 0)
		r = image_uses_load(engine, &uses, err);
	for (size_t i = 0; r >= 0 && i < uses.n; i++) {
		const struct image_use *use = &uses.v[i];

		if (strcmp(use->image, image) != 0)
			continue;
		r = use->external ? store_container_remove(store, use->container, err)
				  : remove_ours(engine, use->container, err);
		if (r == -KEG_ENOTFOUND) /* gone by itself */
			r = 0;
	}
	return r < 0 ? r : 0;
}

int image_uses_remove_image(struct engine *engine, const char *image, bool containers,
			    struct keg_err *err)
{
	struct store *store;
	int r = engine_store(engine, &store, err);

	if (r >= 0 && containers)
		r = image_uses_remove(engine, image, err);
	return r < 0 ? r : store_image_remove(store, image, NULL, err);
}
