/* SPDX-License-Identifier: Apache-2.0 */
#include "store/commit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "store/commit_note.h"
#include "store/handle.h"
#include "store/image_record.h"
#include "store/layer_tree.h"

struct commit {
	struct store *store;
	const struct store_new_layer *layers;
	size_t n_layers;
	const struct store_new_image *image;
	struct store_lock lock;
	struct store_records recorded_layers, recorded_images;
	struct keg_strv fresh; /* layers that were not there before */
	struct commit_note note;
};

static void commit_done(struct commit *c)
{
	store_records_done(&c->recorded_layers);
	store_records_done(&c->recorded_images);
	commit_note_drop(c->store, &c->note);
	keg_strv_done(&c->fresh);
	store_lock_drop(&c->lock);
}
KEG_AUTO(commit, commit_done)

/* What is incomplete, or lost files in a power cut, does not: it is replaced. */
static bool exists(const struct commit *c, const char *id)
{
	struct json_object *record = store_records_find(&c->recorded_layers, id);

	return record && !store_record_incomplete(record) &&
	       layer_tree_record_is_whole(store_own(c->store), record);
}

static int check(const struct commit *c, size_t *missing, struct keg_err *err)
{
	for (size_t i = 0; i < c->n_layers; i++) {
		if (!store_id_is_valid(c->layers[i].id))
			return keg_fail(err, KEG_EUSAGE, "%s: not a layer id", c->layers[i].id);
	}
	for (size_t i = 0; i < c->n_layers; i++) {
		if (c->layers[i].staging || exists(c, c->layers[i].id))
			continue;
		if (missing)
			*missing = i;
		return keg_fail(err, KEG_ENOTFOUND, "layer %s was removed meanwhile",
				c->layers[i].id);
	}
	if (c->image && c->image->id && !store_id_is_valid(c->image->id))
		return keg_fail(err, KEG_EUSAGE, "%s: not an image id", c->image->id);
	return 0;
}

static void put_size(struct json_object *record, const char *name, int64_t size)
{
	if (size > 0)
		json_object_object_add(record, name, json_object_new_int64(size));
}

static void put_ids(struct json_object *record, const char *name, const uint32_t *ids, size_t n)
{
	if (n == 0)
		return;
	struct json_object *list = json_object_new_array_ext((int)n);
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_int64(ids[i]));
	json_object_object_add(record, name, list);
}

static void put_digest(struct json_object *record, const char *name, const char *digest)
{
	if (!keg_str_empty(digest))
		keg_json_put_str(record, name, digest);
}

static struct json_object *layer_record(const struct store_new_layer *layer, const char *parent)
{
	struct json_object *record = json_object_new_object();
	autofree char *created = keg_time_format(keg_now());
	bool plain = layer->compression == STORE_UNCOMPRESSED;
	const char *compressed = layer->compressed_digest;

	keg_json_put_str(record, "id", layer->id);
	if (parent)
		keg_json_put_str(record, "parent", parent);
	keg_json_put_str(record, "created", created);
	put_digest(record, "compressed-diff-digest",
		   keg_str_empty(compressed) && plain ? layer->diff_digest : compressed);
	put_size(record, "compressed-size", layer->compressed_size);
	put_digest(record, "diff-digest", layer->diff_digest);
	put_size(record, "diff-size", layer->diff_size);
	if (!plain)
		json_object_object_add(record, "compression",
				       json_object_new_int(layer->compression));
	put_ids(record, "uidset", layer->uids, layer->n_uids);
	put_ids(record, "gidset", layer->gids, layer->n_gids);
	return record;
}

static int note_layers(struct commit *c, struct keg_err *err)
{
	for (size_t i = 0; i < c->n_layers; i++) {
		if (!exists(c, c->layers[i].id))
			keg_strv_add(&c->fresh, c->layers[i].id);
	}
	if (!c->image || c->fresh.n == 0)
		return 0;
	return commit_note_write(c->store, &c->fresh, &c->note, err);
}

/*
 * With the option "sync": what a power cut cannot take is only what is on the disk. All that
 * was unpacked goes there before the lock is taken, so that nobody waits for it; the little
 * that is moved and written after that goes there under the lock.
 */
static int sync_layers(const struct commit *c, struct keg_err *err)
{
	if (!c->store->config.sync || c->n_layers == 0)
		return 0;
	if (syncfs(store_own(c->store)->trees) < 0 ||
	    syncfs(store_own(c->store)->lists[STORE_LAYERS]) < 0)
		return keg_fail_sys(err, errno, "write layers to the disk");
	return 0;
}

static int place_layers(struct commit *c, struct keg_err *err)
{
	const char *parent = NULL;

	for (size_t i = 0; i < c->n_layers; i++) {
		const struct store_new_layer *layer = &c->layers[i];

		/* Somebody may have stored it while we unpacked: his is as good. */
		if (!exists(c, layer->id)) {
			int r = layer_tree_place(c->store, layer->staging, layer->id, parent, err);

			if (r < 0)
				return r;
			store_records_remove(&c->recorded_layers, layer->id);
			store_records_add(&c->recorded_layers, layer_record(layer, parent));
		}
		parent = layer->id;
	}
	if (c->fresh.n > 0 && sync_layers(c, err) < 0)
		return -(int)err->code;
	return store_records_save(c->store, &c->lock, &c->recorded_layers, err);
}

/*
 * Take away what was placed. On a full disk even this may fail: what stays is known by the
 * note, or is a folder without a record, and collected later.
 */
static void undo(struct commit *c)
{
	auto(store_records) layers = { 0 };
	autoptr(store_staging) trash = NULL;
	struct keg_err ignored;
	int images = store_own(c->store)->lists[STORE_IMAGES];

	if (c->image && !store_records_find(&c->recorded_images, c->image->id) &&
	    keg_remove_tree(images, c->image->id, &ignored) < 0)
		keg_debug("undo commit: %s", ignored.msg);
	if (store_records_load(c->store, STORE_LAYERS, &layers, &ignored) < 0)
		return commit_note_leave(&c->note);
	for (size_t i = 0; i < c->fresh.n; i++)
		store_records_remove(&layers, c->fresh.v[i]);
	if (store_records_save(c->store, &c->lock, &layers, &ignored) < 0 ||
	    store_staging_new(c->store, &trash, &ignored) < 0)
		return commit_note_leave(&c->note);
	for (size_t i = 0; i < c->fresh.n; i++) {
		if (layer_tree_drop(c->store, trash, c->fresh.v[i], &ignored) < 0)
			keg_debug("undo commit: %s", ignored.msg);
	}
}

static int write_documents(struct commit *c, struct keg_err *err)
{
	int images = store_own(c->store)->lists[STORE_IMAGES];
	int r = keg_mkdirs(images, c->image->id, 0700, err);
	if (r < 0)
		return r;
	autofd int dir = keg_open_at(images, c->image->id, O_RDONLY | O_DIRECTORY, 0, err);
	if (dir < 0)
		return dir;

	for (size_t i = 0; i < c->image->n_data; i++) {
		const struct store_new_data *data = &c->image->data[i];
		autofree char *file = store_data_file(data->key);

		if (strchr(file, '/') || *file == '.' || *file == '\0')
			return keg_fail(err, KEG_EUSAGE, "%s: no key for a document", data->key);
		r = keg_file_write(dir, file, data->bytes, data->len, 0600, KEG_FILE_DURABLE, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int record_image(struct commit *c, struct keg_err *err)
{
	const struct store_new_image *image = c->image;
	const char *top = c->n_layers ? c->layers[c->n_layers - 1].id : NULL;
	struct json_object *record = store_records_find(&c->recorded_images, image->id);

	bool is_new = !record;
	if (is_new)
		record = image_record_add(&c->recorded_images, image->id, top, image);
	else if (image->metadata)
		keg_json_put_str(record, "metadata", image->metadata);
	for (size_t i = 0; i < image->n_data; i++)
		image_record_data(&c->recorded_images, record, &image->data[i]);
	for (size_t i = 0; i < image->n_names; i++)
		image_record_name(&c->recorded_images, record, image->names[i]);
	int r = store_records_save(c->store, &c->lock, &c->recorded_images, err);
	if (r < 0 && is_new) /* for undo() */
		store_records_remove(&c->recorded_images, image->id);
	return r;
}

int store_commit(struct store *store, const struct store_new_layer *layers, size_t n_layers,
		 const struct store_new_image *image, size_t *missing, struct keg_err *err)
{
	auto(commit) c = { .store = store,
			   .layers = layers,
			   .n_layers = n_layers,
			   .image = image && image->id ? image : NULL,
			   .lock = { { -1, -1, -1 } },
			   .note = { .fd = -1 } };
	unsigned locks = STORE_LOCK_LAYERS | (c.image ? STORE_LOCK_IMAGES : 0);

	if (sync_layers(&c, err) < 0 || store_lock_take(store, locks, &c.lock, err) < 0 ||
	    store_records_load(store, STORE_LAYERS, &c.recorded_layers, err) < 0 ||
	    (c.image && store_records_load(store, STORE_IMAGES, &c.recorded_images, err) < 0) ||
	    check(&c, missing, err) < 0)
		return -(int)err->code;
	if (note_layers(&c, err) < 0)
		return -(int)err->code;
	int r = place_layers(&c, err);
	if (r >= 0 && c.image && (write_documents(&c, err) < 0 || record_image(&c, err) < 0))
		r = keg_wrap(err, "store image %s", c.image->id);
	if (r < 0)
		undo(&c);
	return r < 0 ? r : 0;
}
