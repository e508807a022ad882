/* SPDX-License-Identifier: Apache-2.0 */
#include "store/container.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/log.h"
#include "store/handle.h"
#include "store/layer_tree.h"
#include "store/mounts.h"
#include "store/pin.h"
#include "store/records.h"

/* Its first name, as text of the record, or "". */
static const char *first_name(struct json_object *record)
{
	struct json_object *names = keg_json_get(record, "names");
	struct json_object *first = names && json_object_is_type(names, json_type_array)
					    ? json_object_array_get_idx(names, 0)
					    : NULL;

	return first ? json_object_get_string(first) : "";
}

/* Buildah keeps what it knows of a container in this file. */
static bool is_build(struct store *store, const char *id)
{
	autofree char *path = keg_printf("%s/userdata/buildah.json", id);

	return store_id_is_valid(id) && keg_exists(store_own(store)->lists[STORE_CONTAINERS], path);
}

int store_container_list(struct store *store, const char *image, struct keg_arena *arena,
			 struct store_container **out, size_t *n, struct keg_err *err)
{
	auto(store_records) containers = { 0 };
	struct store_records_at at = { 0 };
	struct json_object *record;
	size_t room = 0, used = 0;
	int r = store_records_load(store, STORE_CONTAINERS, &containers, err);

	if (r < 0)
		return r;
	while (store_records_next(&containers, &at))
		room++;

	struct store_container *list = keg_arena_alloc(arena, room + 1, sizeof *list);
	at = (struct store_records_at){ 0 };
	while ((record = store_records_next(&containers, &at)) != NULL) {
		const char *of = keg_json_str(record, "image", "");

		if (image && !keg_str_eq(of, image))
			continue;
		list[used++] = (struct store_container){
			.id = keg_arena_strdup(arena, keg_json_str(record, "id", "")),
			.name = keg_arena_strdup(arena, first_name(record)),
			.image = keg_arena_strdup(arena, of),
			.layer = keg_arena_strdup(arena, keg_json_str(record, "layer", "")),
			.pin = store_pin_is_name(first_name(record)),
			.build = is_build(store, keg_json_str(record, "id", "")),
		};
	}
	*out = list;
	*n = used;
	return 0;
}

void store_container_remove_folders(struct store *store, const char *id)
{
	autofree char *run = keg_printf("%s/%s/%s", store->config.runroot,
					store_list_folder(store_own(store), STORE_CONTAINERS), id);
	struct keg_err ignored;

	if (keg_remove_tree(store_own(store)->lists[STORE_CONTAINERS], id, &ignored) < 0 ||
	    keg_remove_tree(AT_FDCWD, run, &ignored) < 0)
		keg_debug("folders of container %s: %s", id, ignored.msg);
}

struct container_removal {
	struct store *store;
	struct store_lock lock;
	struct store_records layers, containers;
	char *layer;
};

static void container_removal_done(struct container_removal *r)
{
	store_records_done(&r->layers);
	store_records_done(&r->containers);
	store_lock_drop(&r->lock);
	free(r->layer);
}
KEG_AUTO(container_removal, container_removal_done)

static int check_mounted(const struct container_removal *r, const char *id, struct keg_err *err)
{
	auto(keg_strv) layers = { 0 };

	keg_strv_add(&layers, r->layer);
	autofree char *where = store_mounted_at(r->store, &layers);
	return where ? keg_fail(err, KEG_EBUSY, "container %s is mounted at %s", id, where) : 0;
}

static int load(struct container_removal *r, const char *id, struct keg_err *err)
{
	if (store_lock_take(r->store, STORE_LOCK_LAYERS | STORE_LOCK_CONTAINERS, &r->lock, err) <
		    0 ||
	    store_records_load(r->store, STORE_LAYERS, &r->layers, err) < 0 ||
	    store_records_load(r->store, STORE_CONTAINERS, &r->containers, err) < 0)
		return -(int)err->code;

	struct json_object *record = store_records_find(&r->containers, id);
	if (!record || !store_id_is_valid(id))
		return keg_fail(err, KEG_ENOTFOUND, "%s: container not known", id);
	r->layer = keg_strdup(keg_json_str(record, "layer", ""));
	return check_mounted(r, id, err);
}

/* A container's own layer has no other user; should one claim it, it stays. */
static bool is_needed(const struct container_removal *r)
{
	struct store_records_at at = { 0 };
	struct json_object *record;

	while ((record = store_records_next(&r->containers, &at)) != NULL) {
		if (keg_str_eq(keg_json_str(record, "layer", NULL), r->layer))
			return true;
	}
	at = (struct store_records_at){ 0 };
	while ((record = store_records_next(&r->layers, &at)) != NULL) {
		if (keg_str_eq(keg_json_str(record, "parent", NULL), r->layer))
			return true;
	}
	return !store_id_is_valid(r->layer);
}

int store_container_remove(struct store *store, const char *id, struct keg_err *err)
{
	autoptr(store_staging) trash = NULL; /* freed after the locks */
	auto(container_removal) r = { .store = store, .lock = { { -1, -1, -1 } } };

	if (store_staging_new(store, &trash, err) < 0 || load(&r, id, err) < 0)
		return -(int)err->code;
	store_records_remove(&r.containers, id);
	if (store_records_save(store, &r.lock, &r.containers, err) < 0)
		return keg_wrap(err, "remove container %s", id);
	store_container_remove_folders(store, id);
	if (is_needed(&r))
		return 0;
	store_records_remove(&r.layers, r.layer);
	if (store_records_save(store, &r.lock, &r.layers, err) < 0 ||
	    layer_tree_drop(store, trash, r.layer, err) < 0)
		return keg_wrap(err, "remove container %s", id);
	return 0;
}
