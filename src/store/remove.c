/* SPDX-License-Identifier: Apache-2.0 */
#include "store/remove.h"

#include <string.h>

#include "base/file.h"
#include "store/handle.h"
#include "store/layer_tree.h"
#include "store/mounts.h"
#include "store/pin.h"
#include "store/records.h"

struct removal {
	struct store *store;
	const char *id;
	struct store_lock lock;
	struct store_records layers, images, containers;
	struct keg_strv doomed; /* layers, the topmost first */
};

static void removal_done(struct removal *r)
{
	store_records_done(&r->layers);
	store_records_done(&r->images);
	store_records_done(&r->containers);
	keg_strv_done(&r->doomed);
	store_lock_drop(&r->lock);
}
KEG_AUTO(removal, removal_done)

/* Also those that a record of an image names for other id maps. */
static bool is_layer_of(struct json_object *record, const char *layer)
{
	return keg_str_eq(keg_json_str(record, "layer", NULL), layer) ||
	       store_record_has(record, "mapped-layers", layer);
}

static bool needs_layer(const struct removal *r, const char *layer)
{
	struct store_records_at at = { 0 };
	struct json_object *record;

	while ((record = store_records_next(&r->images, &at)) != NULL) {
		if (!keg_str_eq(keg_json_str(record, "id", NULL), r->id) &&
		    is_layer_of(record, layer))
			return true;
	}
	at = (struct store_records_at){ 0 };
	while ((record = store_records_next(&r->containers, &at)) != NULL) {
		if (is_layer_of(record, layer))
			return true;
	}
	at = (struct store_records_at){ 0 };
	while ((record = store_records_next(&r->layers, &at)) != NULL) {
		if (keg_str_eq(keg_json_str(record, "parent", NULL), layer) &&
		    !keg_strv_has(&r->doomed, keg_json_str(record, "id", "")))
			return true;
	}
	return false;
}

/* From this layer downwards as long as nothing else needs them. */
static void doom(struct removal *r, const char *layer)
{
	while (layer && *layer && !keg_strv_has(&r->doomed, layer)) {
		struct json_object *record = store_records_find(&r->layers, layer);

		if (!record || !store_id_is_valid(layer) || needs_layer(r, layer))
			return;
		keg_strv_add(&r->doomed, layer);
		layer = keg_json_str(record, "parent", NULL);
	}
}

static void doom_all(struct removal *r, struct json_object *image)
{
	struct json_object *mapped = keg_json_get(image, "mapped-layers");

	if (mapped && json_object_is_type(mapped, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(mapped); i++)
			doom(r, json_object_get_string(json_object_array_get_idx(mapped, i)));
	}
	doom(r, keg_json_str(image, "layer", NULL));
}

/* A peer may have mounted it (podman image mount). */
static int check_mounts(const struct removal *r, struct keg_err *err)
{
	autofree char *where = store_mounted_at(r->store, &r->doomed);

	return where ? keg_fail(err, KEG_EBUSY, "image %s is mounted at %s", r->id, where) : 0;
}

static int check_users(struct removal *r, struct keg_err *err)
{
	struct store_records_at at = { 0 };
	auto(keg_strv) ours = { 0 };
	struct json_object *record;
	const char *user = NULL;
	int n = store_pin_list(r->store, r->id, &ours, err);

	if (n < 0)
		return n;
	if (ours.n > 0)
		user = ours.v[0];
	while (!user && (record = store_records_next(&r->containers, &at)) != NULL) {
		if (keg_str_eq(keg_json_str(record, "image", NULL), r->id))
			user = keg_json_str(record, "id", "");
	}
	return user ? keg_fail(err, KEG_EBUSY, "image used by %s: image is in use by a container",
			       user)
		    : 0;
}

static int drop_trees(struct removal *r, struct store_staging *trash, struct keg_err *err)
{
	struct store_place *own = store_own(r->store);
	autofree char *documents = keg_printf("image-%s", r->id);
	struct keg_err ignored;

	/* Where the image lists lie on another mount, it cannot be moved: removed in place. */
	if (renameat(own->lists[STORE_IMAGES], r->id, store_staging_dir(trash), documents) < 0 &&
	    errno != ENOENT && keg_remove_tree(own->lists[STORE_IMAGES], r->id, &ignored) < 0)
		return keg_fail_sys(err, ignored.sys, "remove the documents of image %s", r->id);
	for (size_t i = 0; i < r->doomed.n; i++) {
		int e = layer_tree_drop(r->store, trash, r->doomed.v[i], err);

		if (e < 0)
			return e;
	}
	return 0;
}

static int prepare(struct removal *r, struct keg_err *err)
{
	unsigned locks = STORE_LOCK_LAYERS | STORE_LOCK_IMAGES | STORE_LOCK_CONTAINERS;

	if (store_lock_take(r->store, locks | STORE_LOCK_NO_HOLDS, &r->lock, err) < 0 ||
	    store_records_load(r->store, STORE_LAYERS, &r->layers, err) < 0 ||
	    store_records_load(r->store, STORE_IMAGES, &r->images, err) < 0 ||
	    store_records_load(r->store, STORE_CONTAINERS, &r->containers, err) < 0)
		return -(int)err->code;

	struct json_object *image = store_records_find(&r->images, r->id);
	if (!image)
		return keg_fail(err, KEG_ENOTFOUND, "%s: image not known", r->id);
	if (check_users(r, err) < 0)
		return -(int)err->code;
	doom_all(r, image);
	return check_mounts(r, err);
}

int store_image_remove(struct store *store, const char *id, struct keg_strv *layers,
		       struct keg_err *err)
{
	/* Declared first, so freed last: what is large is removed without any lock held. */
	autoptr(store_staging) trash = NULL;
	auto(removal) r = { .store = store, .id = id, .lock = { { -1, -1, -1 } } };

	/* A pin that a crash left is no use of the image. */
	if (!store_id_is_valid(id))
		return keg_fail(err, KEG_ENOTFOUND, "%s: image not known", id);
	if (store_unpin(store, id, NULL, err) < 0 || store_staging_new(store, &trash, err) < 0 ||
	    prepare(&r, err) < 0)
		return -(int)err->code;

	/* The records first: killed in between, what is left is folders without a record. */
	store_records_remove(&r.images, id);
	if (store_records_save(store, &r.lock, &r.images, err) < 0)
		return -(int)err->code;
	for (size_t i = 0; i < r.doomed.n; i++)
		store_records_remove(&r.layers, r.doomed.v[i]);
	if (store_records_save(store, &r.lock, &r.layers, err) < 0)
		return -(int)err->code;
	if (layers)
		keg_strv_extend(layers, (const char *const *)r.doomed.v, r.doomed.n);
	return drop_trees(&r, trash, err);
}
