/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_remove.h"

#include <string.h>

#include "engine/image_find.h"
#include "engine/image_uses.h"
#include "store/container.h"
#include "store/names.h"
#include "store/pin.h"
#include "store/remove.h"

void image_removal_done(struct image_removal *removal)
{
	keg_strv_done(&removal->untagged);
	free(removal->deleted);
	*removal = (struct image_removal){ 0 };
}

/* By the id its owner knows: one of our containers, or a peer's. */
static int refuse_used(struct store *store, const char *id, struct keg_arena *arena,
		       struct keg_err *err)
{
	struct store_container *peers;
	auto(keg_strv) ours = { 0 };
	size_t n;
	int r = store_pin_list(store, id, &ours, err);

	if (r >= 0)
		r = store_container_list(store, id, arena, &peers, &n, err);
	if (r < 0)
		return r;
	const char *user = ours.n > 0 ? ours.v[0] : NULL;
	for (size_t i = 0; i < n && !user; i++) {
		if (!peers[i].pin)
			user = peers[i].id;
	}
	if (!user)
		return 0;
	keg_fail(err, KEG_EBUSY, "image used by %s: image is in use by a container", user);
	return keg_hint(err,
			ours.n > 0 ? "remove the container first: keg rm %.12s"
				   : "consider listing external containers of other tools and "
				     "removing %.12s there, or force-removing the image",
			user);
}

static int untag(struct store *store, const char *id, const char *name, struct image_removal *out,
		 struct keg_err *err)
{
	int r = store_image_remove_names(store, id, &name, 1, err);

	if (r >= 0)
		keg_strv_add(&out->untagged, name);
	return r;
}

int image_remove(struct engine *engine, const char *text, const struct image_remove_how *how,
		 struct image_removal *out, struct keg_err *err)
{
	struct keg_arena *arena = &engine->arena;
	struct store_image found;
	const struct store_image *image = &found;
	struct store *store;
	const char *name;
	int r = engine_store(engine, &store, err);

	if (r >= 0)
		r = image_find(store, text, arena, &found, &name, err);
	if (r < 0)
		return r;
	if (image->read_only)
		return keg_fail(
			err, KEG_EDENIED,
			"cannot remove read-only image \"%s\": it is in an additional store",
			image->id);
	if (*name && image->n_names > 1)
		return untag(store, image->id, name, out, err);
	if (image->n_names > 1 && !how->all_names) {
		keg_fail(err, KEG_EUSAGE,
			 "unable to delete image \"%s\" by ID with more than one tag: please force "
			 "removal",
			 image->id);
		return keg_hint(err, "keg rmi --force %.12s", image->id);
	}
	r = how->containers ? image_uses_remove(engine, image->id, err)
			    : refuse_used(store, image->id, arena, err);
	if (r >= 0)
		r = store_image_remove(store, image->id, NULL, err);
	if (r < 0)
		return r;
	keg_strv_extend(&out->untagged, image->names, image->n_names);
	out->deleted = keg_strdup(image->id);
	return 0;
}
