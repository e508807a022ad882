/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All lists are locked for writing while one looks: then whatever is on disk and not in a
 * list belongs to nobody, since every tool records what it makes before it lets go of the
 * locks. Stagings and our pins have locks of their own and come after.
 */
#include "store/check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/check_state.h"
#include "store/commit_note.h"
#include "store/handle.h"
#include "store/image.h"
#include "store/layer_tree.h"

enum { CHAIN_MAX = 10000 }; /* layers one above the other */

static const char *const damage_texts[] = {
	[STORE_STAGING_LEFT] = "leftover of an interrupted pull or removal",
	[STORE_LAYER_INCOMPLETE] = "incomplete layer",
	[STORE_LAYER_UNRECORDED] = "layer folder without a record",
	[STORE_LAYER_LOST] = "layer without a folder",
	[STORE_LAYER_DAMAGED] = "layer with missing or changed files",
	[STORE_LAYER_UNUSED] = "layer that nothing uses",
	[STORE_LINK_DANGLING] = "short link to nowhere",
	[STORE_LINK_MISSING] = "layer without its short link",
	[STORE_IMAGE_UNRECORDED] = "image folder without a record",
	[STORE_CONTAINER_UNRECORDED] = "container folder without a record",
	[STORE_IMAGE_DAMAGED] = "damaged image",
	[STORE_PIN_LEFT] = "pin of an image that no container uses",
	[STORE_PIN_LOST] = "image in use without a pin",
};

const char *store_damage_text(enum store_damage what)
{
	return damage_texts[what];
}

static void checking_done(struct checking *c)
{
	store_records_done(&c->layers);
	store_records_done(&c->images);
	store_records_done(&c->containers);
	keg_strv_done(&c->abandoned);
	keg_strv_done(&c->doomed);
	store_lock_drop(&c->lock);
}
KEG_AUTO(checking, checking_done)

void check_report(struct checking *c, enum store_damage what, const char *name, bool repaired)
{
	c->left += !repaired;
	c->how->report(c->how->ctx, what, name, repaired);
}

int check_list(int at, const char *path, struct keg_strv *out, struct keg_err *err)
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
		if (keg_str_eq(keg_json_str(record, "parent", NULL), layer) &&
		    !keg_strv_has(&c->doomed, keg_json_str(record, "id", "")))
			return true;
	}
	return false;
}

static void check_link(struct checking *c, const char *id)
{
	struct keg_err ignored;
	autofree char *link = NULL;

	if (store_own(c->store)->vfs ||
	    layer_tree_link(store_own(c->store), id, &link, &ignored) < 0)
		return;
	autofree char *name = keg_path_join("l", link);
	if (!keg_exists(store_own(c->store)->trees, name))
		check_report(c, STORE_LINK_MISSING, id,
			     c->trash && layer_tree_relink(c->store, id, link, &ignored) >= 0);
}

static bool is_known_damaged(const struct checking *c, const char *id)
{
	return c->how->damaged && keg_strv_has(c->how->damaged, id);
}

static bool is_old(const struct checking *c, struct json_object *record)
{
	struct timespec created;
	struct keg_err ignored;

	return c->how->max_age >= 0 &&
	       keg_time_parse(keg_json_str(record, "created", ""), &created, &ignored) >= 0 &&
	       keg_now().tv_sec - created.tv_sec >= c->how->max_age;
}

/* Nobody will build upon it: what is below it is lost, or not what it was. */
static bool stands_on_damage(const struct checking *c, struct json_object *record)
{
	for (int depth = 0; depth < CHAIN_MAX; depth++) {
		const char *parent = keg_json_str(record, "parent", "");

		if (!*parent)
			return false;
		record = store_records_find(&c->layers, parent);
		if (!record || !layer_tree_record_is_whole(store_own(c->store), record) ||
		    is_known_damaged(c, parent))
			return true;
	}
	return true; /* a circle */
}

/* What is wrong with a recorded layer, or -1. */
static int judge_layer(const struct checking *c, struct json_object *record)
{
	const char *id = keg_json_str(record, "id", "");
	autofree char *tree = layer_tree_path(store_own(c->store), id);
	bool used = is_used(c, id);

	if (!store_id_is_valid(id))
		return -1; /* not ours to understand */
	if (store_record_incomplete(record))
		return STORE_LAYER_INCOMPLETE;
	if (!keg_exists(store_own(c->store)->trees, tree))
		return STORE_LAYER_LOST;
	if (!layer_tree_record_is_whole(store_own(c->store), record) || is_known_damaged(c, id) ||
	    (!used && stands_on_damage(c, record)))
		return STORE_LAYER_DAMAGED;
	/* Peers keep layers on purpose that have no image yet; a container's layer has no
	 * digest, and without the container it is of no use. */
	if (!used && (keg_str_empty(keg_json_str(record, "diff-digest", NULL)) ||
		      keg_strv_has(&c->abandoned, id) || is_old(c, record)))
		return STORE_LAYER_UNUSED;
	return -1;
}

/* Returns how many are new among the doomed: with them gone, others may be unused. */
static size_t doom_layers(struct checking *c)
{
	struct store_records_at at = { 0 };
	struct json_object *record;
	size_t before = c->doomed.n;

	while ((record = store_records_next(&c->layers, &at)) != NULL) {
		const char *id = keg_json_str(record, "id", "");
		int damage = keg_strv_has(&c->doomed, id) ? -1 : judge_layer(c, record);

		/* One that somebody needs shows up as a damaged image; removing the record
		 * would only hide it. */
		if (damage < 0 || (damage != STORE_LAYER_INCOMPLETE && is_used(c, id)))
			continue;
		keg_strv_add(&c->doomed, id);
		check_report(c, (enum store_damage)damage, id, c->trash);
	}
	return c->doomed.n - before;
}

static int check_layers(struct checking *c, struct keg_err *err)
{
	struct store_records_at at = { 0 };
	struct json_object *record;

	while (doom_layers(c) > 0)
		;
	while ((record = store_records_next(&c->layers, &at)) != NULL) {
		const char *id = keg_json_str(record, "id", "");

		if (keg_strv_has(&c->doomed, id))
			continue;
		int damage = judge_layer(c, record);
		if (damage == STORE_LAYER_LOST || damage == STORE_LAYER_DAMAGED)
			check_report(c, (enum store_damage)damage, id, false);
		else
			check_link(c, id);
	}
	if (!c->trash)
		return 0;
	for (size_t i = 0; i < c->doomed.n; i++)
		store_records_remove(&c->layers, c->doomed.v[i]);
	if (store_records_save(c->store, &c->lock, &c->layers, err) < 0)
		return -(int)err->code;
	for (size_t i = 0; i < c->doomed.n; i++)
		drop_layer(c, c->doomed.v[i]);
	return 0;
}

static int check_folders(struct checking *c, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	auto(keg_strv) links = { 0 };
	const struct store_place *own = store_own(c->store);
	int overlay = own->trees;

	if (check_list(overlay, own->vfs ? "dir" : ".", &names, err) < 0 ||
	    check_list(overlay, "l", &links, err) < 0)
		return keg_wrap(err, "check layers");
	for (size_t i = 0; i < names.n; i++) {
		if (store_id_is_valid(names.v[i]) && !store_records_find(&c->layers, names.v[i]))
			check_report(c, STORE_LAYER_UNRECORDED, names.v[i],
				     drop_layer(c, names.v[i]));
	}
	for (size_t i = 0; i < links.n; i++) {
		autofree char *path = keg_path_join("l", links.v[i]);

		/* It may have gone with its folder just now. */
		if (keg_exists(overlay, path) && faccessat(overlay, path, F_OK, 0) < 0 &&
		    errno == ENOENT)
			check_report(c, STORE_LINK_DANGLING, links.v[i],
				     c->trash && unlinkat(overlay, path, 0) == 0);
	}
	return 0;
}

/* --- images ------------------------------------------------------------------------------------
 */

/* Is each document there, as long as it once was? */
static bool has_documents(const struct checking *c, struct json_object *image)
{
	struct json_object *sizes = keg_json_get(image, "big-data-sizes");
	const char *id = keg_json_str(image, "id", "");

	if (!sizes || !json_object_is_type(sizes, json_type_object) || !store_id_is_valid(id))
		return true; /* nothing is known of them */
	json_object_object_foreach(sizes, key, size)
	{
		autofree char *file = store_data_file(key);
		autofree char *path = keg_path_join(id, file);
		struct stat st;

		if (fstatat(store_own(c->store)->lists[STORE_IMAGES], path, &st, 0) < 0 ||
		    st.st_size != json_object_get_int64(size))
			return false;
	}
	return true;
}

/* Are all layers recorded, complete and on disk, and all documents? */
static bool is_whole(const struct checking *c, struct json_object *image)
{
	const char *layer = keg_json_str(image, "layer", "");

	if (!has_documents(c, image))
		return false;
	for (int depth = 0; *layer && depth < CHAIN_MAX; depth++) {
		struct json_object *record = store_records_find(&c->layers, layer);

		if (!record || store_record_incomplete(record) ||
		    !layer_tree_record_is_whole(store_own(c->store), record) ||
		    is_known_damaged(c, layer))
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
		const char *id = keg_json_str(image, "id", "");

		if (is_whole(c, image))
			continue;
		if (c->how->images)
			keg_strv_add(c->how->images, id);
		else
			check_report(c, STORE_IMAGE_DAMAGED, id, false);
	}
}

/* Folders of images or containers that the list does not know. */
static int check_unrecorded(struct checking *c, const struct store_records *records,
			    enum store_damage what, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	int dir = store_own(c->store)->lists[records->list];

	if (check_list(dir, ".", &names, err) < 0)
		return keg_wrap(err, "check %s",
				store_list_folder(store_own(c->store), records->list));
	for (size_t i = 0; i < names.n; i++) {
		struct keg_err ignored;

		if (store_id_is_valid(names.v[i]) && !store_records_find(records, names.v[i]))
			check_report(c, what, names.v[i],
				     c->trash && keg_remove_tree(dir, names.v[i], &ignored) >= 0);
	}
	return 0;
}

static int check_lists(struct checking *c, struct keg_err *err)
{
	unsigned locks = STORE_LOCK_LAYERS | STORE_LOCK_IMAGES | STORE_LOCK_CONTAINERS;
	auto(keg_strv) notes = { 0 };

	if (store_lock_take(c->store, locks, &c->lock, err) < 0 ||
	    commit_notes_abandoned(c->store, &notes, &c->abandoned, err) < 0 ||
	    store_records_load(c->store, STORE_LAYERS, &c->layers, err) < 0 ||
	    store_records_load(c->store, STORE_IMAGES, &c->images, err) < 0 ||
	    store_records_load(c->store, STORE_CONTAINERS, &c->containers, err) < 0 ||
	    check_layers(c, err) < 0 || check_folders(c, err) < 0)
		return -(int)err->code;
	check_images(c);
	if (check_unrecorded(c, &c->images, STORE_IMAGE_UNRECORDED, err) < 0)
		return -(int)err->code;
	if (check_unrecorded(c, &c->containers, STORE_CONTAINER_UNRECORDED, err) < 0)
		return -(int)err->code;
	for (size_t i = 0; i < notes.n; i++)
		check_report(c, STORE_STAGING_LEFT, keg_path_base(notes.v[i]),
			     c->trash && unlinkat(store_own(c->store)->root, notes.v[i], 0) == 0);
	return 0;
}

/* --- stagings and pins ---------------------------------------------------------------------------
 */

static void staging_found(void *ctx, const char *name, bool removed)
{
	struct checking *c = ctx;

	c->how->report(c->how->ctx, STORE_STAGING_LEFT, name, removed);
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
