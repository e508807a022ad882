/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All lists are locked for writing while one looks: then whatever is on disk and not in a
 * list belongs to nobody, since every tool records what it makes before it lets go of the
 * locks. Stagings and our pins have locks of their own and come after.
 */
#include "store/check.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "store/handle.h"
#include "store/layer_tree.h"
#include "store/pin.h"
#include "store/records.h"

static const char *const damage_texts[] = {
	[STORE_STAGING_LEFT] = "leftover of an interrupted pull or removal",
	[STORE_LAYER_INCOMPLETE] = "incomplete layer",
	[STORE_LAYER_UNRECORDED] = "layer folder without a record",
	[STORE_LAYER_LOST] = "layer without a folder",
	[STORE_LAYER_UNUSED] = "layer that nothing uses",
	[STORE_LINK_DANGLING] = "short link to nowhere",
	[STORE_LINK_MISSING] = "layer without its short link",
	[STORE_IMAGE_UNRECORDED] = "image folder without a record",
	[STORE_CONTAINER_UNRECORDED] = "container folder without a record",
	[STORE_IMAGE_DAMAGED] = "damaged image: remove it and pull it again",
	[STORE_PIN_LEFT] = "pin of an image that no container uses",
	[STORE_PIN_LOST] = "image in use without a pin",
};

const char *store_damage_text(enum store_damage what)
{
	return damage_texts[what];
}

struct checking {
	struct store *store;
	const struct store_check *how;
	struct store_staging *trash; /* NULL when nothing is repaired */
	struct store_lock lock;
	struct store_records layers, images, containers;
	int left;
};

static void checking_done(struct checking *c)
{
	store_records_done(&c->layers);
	store_records_done(&c->images);
	store_records_done(&c->containers);
	store_lock_drop(&c->lock);
}
KEG_AUTO(checking, checking_done)

static void report(struct checking *c, enum store_damage what, const char *name, bool repaired)
{
	c->left += !repaired;
	c->how->report(c->how->ctx, what, name, repaired);
}

static int list_dir(int at, const char *path, struct keg_strv *out, struct keg_err *err)
{
	int fd = keg_open_at(at, path, O_RDONLY | O_DIRECTORY, 0, err);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream)
		return fd < 0 && err->sys == ENOENT ? 0 : -(int)KEG_ESYSTEM;
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.')
			keg_strv_add(out, entry->d_name);
	}
	return 0;
}

/* --- layers ---------------------------------------------------------------------------------- */

static bool drop_layer(struct checking *c, const char *id)
{
	struct keg_err ignored;

	return c->trash && layer_tree_drop(c->store, c->trash, id, &ignored) >= 0;
}

static bool is_used(const struct checking *c, const char *layer)
{
	const struct store_records *lists[] = { &c->images, &c->containers };
	struct json_object *record;

	for (size_t i = 0; i < KEG_COUNT(lists); i++) {
		struct store_records_at at = { 0 };

		while ((record = store_records_next(lists[i], &at)) != NULL) {
			if (keg_str_eq(keg_json_str(record, "layer", NULL), layer) ||
			    store_record_has(record, "mapped-layers", layer))
				return true;
		}
	}
	struct store_records_at at = { 0 };
	while ((record = store_records_next(&c->layers, &at)) != NULL) {
		if (keg_str_eq(keg_json_str(record, "parent", NULL), layer))
			return true;
	}
	return false;
}

static void check_link(struct checking *c, const char *id)
{
	struct keg_err ignored;
	autofree char *link = NULL;

	if (layer_tree_link(store_own(c->store), id, &link, &ignored) < 0)
		return;
	autofree char *name = keg_path_join("l", link);
	if (!keg_exists(store_own(c->store)->overlay, name))
		report(c, STORE_LINK_MISSING, id,
		       c->trash && layer_tree_relink(c->store, id, link, &ignored) >= 0);
}

/* What is wrong with a recorded layer, or -1. */
static int judge_layer(const struct checking *c, struct json_object *record)
{
	const char *id = keg_json_str(record, "id", "");
	autofree char *diff = keg_path_join(id, "diff");
	bool used = is_used(c, id);

	if (!store_id_is_valid(id))
		return -1; /* not ours to understand */
	if (store_record_incomplete(record))
		return STORE_LAYER_INCOMPLETE;
	if (!keg_exists(store_own(c->store)->overlay, diff))
		return STORE_LAYER_LOST;
	/* Peers keep layers on purpose that have no image yet; a container's layer has no
	 * digest, and without the container it is of no use. */
	if (!used && keg_str_empty(keg_json_str(record, "diff-digest", NULL)))
		return STORE_LAYER_UNUSED;
	return -1;
}

static int check_layers(struct checking *c, struct keg_err *err)
{
	struct store_records_at at = { 0 };
	struct json_object *record;
	auto(keg_strv) doomed = { 0 };

	while ((record = store_records_next(&c->layers, &at)) != NULL) {
		const char *id = keg_json_str(record, "id", "");
		int damage = judge_layer(c, record);
		/* One that somebody needs shows up as a damaged image; removing the record
		 * would only hide it. */
		bool removable = damage == STORE_LAYER_INCOMPLETE || !is_used(c, id);

		if (damage < 0) {
			check_link(c, id);
			continue;
		}
		if (removable && c->trash)
			keg_strv_add(&doomed, id);
		report(c, (enum store_damage)damage, id, removable && c->trash);
	}
	for (size_t i = 0; i < doomed.n; i++)
		store_records_remove(&c->layers, doomed.v[i]);
	if (store_records_save(c->store, &c->lock, &c->layers, err) < 0)
		return -(int)err->code;
	for (size_t i = 0; i < doomed.n; i++)
		drop_layer(c, doomed.v[i]);
	return 0;
}

static int check_folders(struct checking *c, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	auto(keg_strv) links = { 0 };
	int overlay = store_own(c->store)->overlay;

	if (list_dir(overlay, ".", &names, err) < 0 || list_dir(overlay, "l", &links, err) < 0)
		return keg_wrap(err, "check layers");
	for (size_t i = 0; i < names.n; i++) {
		if (store_id_is_valid(names.v[i]) && !store_records_find(&c->layers, names.v[i]))
			report(c, STORE_LAYER_UNRECORDED, names.v[i], drop_layer(c, names.v[i]));
	}
	for (size_t i = 0; i < links.n; i++) {
		autofree char *path = keg_path_join("l", links.v[i]);

		/* It may have gone with its folder just now. */
		if (keg_exists(overlay, path) && faccessat(overlay, path, F_OK, 0) < 0 &&
		    errno == ENOENT)
			report(c, STORE_LINK_DANGLING, links.v[i],
			       c->trash && unlinkat(overlay, path, 0) == 0);
	}
	return 0;
}

/* --- images ------------------------------------------------------------------------------------
 */

/* Are all layers recorded, complete and on disk, and is there a manifest? */
static bool is_whole(const struct checking *c, struct json_object *image)
{
	const char *layer = keg_json_str(image, "layer", "");
	autofree char *manifest = keg_path_join(keg_json_str(image, "id", ""), "manifest");

	if (store_record_has(image, "big-data-names", "manifest") &&
	    !keg_exists(store_own(c->store)->lists[STORE_IMAGES], manifest))
		return false;
	for (int depth = 0; *layer && depth < STORE_LIST_MAX; depth++) {
		struct json_object *record = store_records_find(&c->layers, layer);
		autofree char *diff = keg_path_join(layer, "diff");

		if (!record || store_record_incomplete(record) ||
		    !keg_exists(store_own(c->store)->overlay, diff))
			return false;
		layer = keg_json_str(record, "parent", "");
	}
	return true;
}

static void check_images(struct checking *c)
{
	struct store_records_at at = { 0 };
	struct json_object *image;

	while ((image = store_records_next(&c->images, &at)) != NULL) {
		if (!is_whole(c, image))
			report(c, STORE_IMAGE_DAMAGED, keg_json_str(image, "id", ""), false);
	}
}

/* Folders of images or containers that the list does not know. */
static int check_unrecorded(struct checking *c, const struct store_records *records,
			    enum store_damage what, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	int dir = store_own(c->store)->lists[records->list];

	if (list_dir(dir, ".", &names, err) < 0)
		return keg_wrap(err, "check %s", store_list_files[records->list].folder);
	for (size_t i = 0; i < names.n; i++) {
		struct keg_err ignored;

		if (store_id_is_valid(names.v[i]) && !store_records_find(records, names.v[i]))
			report(c, what, names.v[i],
			       c->trash && keg_remove_tree(dir, names.v[i], &ignored) >= 0);
	}
	return 0;
}

static int check_lists(struct checking *c, struct keg_err *err)
{
	unsigned locks = STORE_LOCK_LAYERS | STORE_LOCK_IMAGES | STORE_LOCK_CONTAINERS;

	if (store_lock_take(c->store, locks, &c->lock, err) < 0 ||
	    store_records_load(c->store, STORE_LAYERS, &c->layers, err) < 0 ||
	    store_records_load(c->store, STORE_IMAGES, &c->images, err) < 0 ||
	    store_records_load(c->store, STORE_CONTAINERS, &c->containers, err) < 0 ||
	    check_layers(c, err) < 0 || check_folders(c, err) < 0)
		return -(int)err->code;
	check_images(c);
	if (check_unrecorded(c, &c->images, STORE_IMAGE_UNRECORDED, err) < 0)
		return -(int)err->code;
	return check_unrecorded(c, &c->containers, STORE_CONTAINER_UNRECORDED, err);
}

/* --- stagings and pins ---------------------------------------------------------------------------
 */

static void staging_found(void *ctx, const char *name, bool removed)
{
	struct checking *c = ctx;

	c->how->report(c->how->ctx, STORE_STAGING_LEFT, name, removed);
}

static bool container_exists(const struct checking *c, const char *id)
{
	autofree char *path = keg_path_join("containers", id);

	if (c->how->container_exists)
		return c->how->container_exists(c->how->ctx, id);
	return keg_exists(c->store->keg, path);
}

/* Containers that are gone lose their claim; an image with claims but no pin gets one. */
static int check_pins_of(struct checking *c, const char *image, const struct keg_strv *pinned,
			 struct keg_err *err)
{
	auto(keg_strv) containers = { 0 };
	autofree char *mark = keg_printf("pins/%s/pin", image);
	size_t alive = 0;

	if (store_pin_list(c->store, image, &containers, err) < 0)
		return -(int)err->code;
	for (size_t i = 0; i < containers.n; i++) {
		if (container_exists(c, containers.v[i])) {
			alive++;
			continue;
		}
		report(c, STORE_PIN_LEFT, containers.v[i],
		       c->how->repair && store_unpin(c->store, image, containers.v[i], err) >= 0);
	}
	if (alive == 0 && containers.n == 0)
		report(c, STORE_PIN_LEFT, image,
		       c->how->repair && store_unpin(c->store, image, NULL, err) >= 0);
	if (alive == 0 || (keg_strv_has(pinned, image) && keg_exists(c->store->keg, mark)))
		return 0;

	/* Without its mark the next one to pin makes it anew. */
	if (c->how->repair)
		unlinkat(c->store->keg, mark, 0);
	report(c, STORE_PIN_LOST, image,
	       c->how->repair && store_pin(c->store, image, containers.v[0], err) >= 0);
	return 0;
}

/* The images that have a pin among the peers' containers, as of now. */
static int list_pinned(const struct checking *c, struct keg_strv *out, struct keg_err *err)
{
	auto(store_records) containers = { 0 };
	struct store_records_at at = { 0 };
	struct json_object *record;
	int r = store_records_load(c->store, STORE_CONTAINERS, &containers, err);

	while (r >= 0 && (record = store_records_next(&containers, &at)) != NULL) {
		struct json_object *names = keg_json_get(record, "names");
		const char *image = keg_json_str(record, "image", NULL);
		bool named = names && json_object_is_type(names, json_type_array) &&
			     json_object_array_length(names) > 0;

		if (image && named &&
		    store_pin_is_name(json_object_get_string(json_object_array_get_idx(names, 0))))
			keg_strv_add(out, image);
	}
	return r;
}

/* A pin of which no folder knows: killed between the two, or the folder was removed. */
static void check_lone_pin(struct checking *c, const char *image, struct keg_err *err)
{
	autofree char *path = keg_path_join("pins", image);
	bool repaired = false;

	if (keg_exists(c->store->keg, path))
		return; /* made since we looked */
	/* store_unpin() looks for the folder first. */
	if (c->how->repair && keg_mkdirs(c->store->keg, path, 0700, err) >= 0)
		repaired = store_unpin(c->store, image, NULL, err) >= 0;
	report(c, STORE_PIN_LEFT, image, repaired);
}

static int check_pins(struct checking *c, struct keg_err *err)
{
	auto(keg_strv) images = { 0 };
	auto(keg_strv) pinned = { 0 };
	int keg = store_keg_dir(c->store, err);

	/* In this order: whoever pins makes the folder first. */
	if (keg < 0 || list_dir(keg, "pins", &images, err) < 0 || list_pinned(c, &pinned, err) < 0)
		return keg_wrap(err, "check pins");
	for (size_t i = 0; i < images.n; i++) {
		int r = check_pins_of(c, images.v[i], &pinned, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < pinned.n; i++) {
		if (!keg_strv_has(&images, pinned.v[i]))
			check_lone_pin(c, pinned.v[i], err);
	}
	return 0;
}

int store_check(struct store *store, const struct store_check *how, struct keg_err *err)
{
	autoptr(store_staging) trash = NULL; /* freed after the locks */
	auto(checking) c = { .store = store, .how = how, .lock = { { -1, -1, -1 } } };
	int r = store_staging_collect(store, how->repair, staging_found, &c, err);

	if (r < 0)
		return keg_wrap(err, "check stagings");
	c.left = r;
	if (how->repair && store_staging_new(store, &trash, err) < 0)
		return -(int)err->code;
	c.trash = trash;
	if (check_lists(&c, err) < 0)
		return keg_wrap(err, "check store %s", store_own(store)->path);
	store_lock_drop(&c.lock);
	r = check_pins(&c, err);
	return r < 0 ? r : c.left;
}
