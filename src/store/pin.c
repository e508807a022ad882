/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <graphroot>/keg/pins/<image>/ has one empty file for each container, and the file PIN_MARK
 * while a pin was made and not yet removed. A flock on the folder guards it: shared to add a
 * container where the mark stands, exclusive to make or remove the pin. It is taken before
 * the store's locks. Whoever removes the last container also removes the folder, so
 * after the flock one looks whether it is still there.
 */
#include "store/pin.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/container.h"
#include "store/handle.h"
#include "store/image.h"
#include "store/layer_tree.h"
#include "store/records.h"

#define PIN_NAME "keg-pin-"
#define PIN_MARK "pin"

enum { SHORT_ID = 12, MAX_RACES = 1000 };

bool store_pin_is_name(const char *name)
{
	return name && keg_str_starts(name, PIN_NAME) &&
	       strlen(name) == strlen(PIN_NAME) + SHORT_ID;
}

int store_hold(struct store *store, struct keg_err *err)
{
	return store_lock_hold(store, err);
}

void store_hold_release(int *hold)
{
	auto_close_(hold);
	*hold = -1;
}

/* --- the folder of an image ---------------------------------------------------------------- */

static int open_folder(struct store *store, const char *image, bool make, struct keg_err *err)
{
	autofree char *path = keg_path_join("pins", image);
	int keg = store_keg_dir(store, err);

	if (keg < 0 || (make && keg_mkdirs(keg, path, 0700, err) < 0))
		return -(int)err->code;
	return keg_open_at(keg, path, O_RDONLY | O_DIRECTORY, 0, err);
}

/* The folder, locked; 0 in *out stays -1 when there is none and it is not to be made. */
static int lock_folder(struct store *store, const char *image, bool make, enum keg_lock_mode mode,
		       int *out, struct keg_err *err)
{
	for (int tries = 0; tries < MAX_RACES; tries++) {
		autofd int fd = open_folder(store, image, make, err);
		struct stat st;

		if (fd < 0 && err->sys == ENOENT && !make)
			return 0;
		if (fd < 0 && err->sys == ENOENT)
			continue; /* removed between making and opening */
		if (fd < 0)
			return fd;
		if (keg_lock_flock(fd, mode, err) < 0)
			return keg_wrap(err, "pins of image %s", image);
		if (fstat(fd, &st) == 0 && st.st_nlink > 0) {
			*out = take_fd(&fd);
			return 0;
		}
	}
	return keg_fail(err, KEG_EBUSY, "the pins of image %s come and go", image);
}

static int list_containers(int folder, struct keg_strv *out, struct keg_err *err)
{
	int copy = keg_open_at(folder, ".", O_RDONLY | O_DIRECTORY, 0, err);
	autodir stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!stream)
		return copy < 0 ? copy : keg_fail_sys(err, errno, "list pins");
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, PIN_MARK) != 0)
			keg_strv_add(out, entry->d_name);
	}
	return 0;
}

static int add_container(int folder, const char *container, struct keg_err *err)
{
	autofd int fd = keg_open_at(folder, container, O_WRONLY | O_CREAT, 0600, err);

	return fd < 0 ? fd : 0;
}

/* --- the pin in the shared lists ------------------------------------------------------------- */

struct pinning {
	struct store *store;
	const char *image;
	char name[sizeof PIN_NAME + SHORT_ID];
	struct store_lock lock;
	struct store_records layers, containers;
};

static void pinning_done(struct pinning *p)
{
	store_records_done(&p->layers);
	store_records_done(&p->containers);
	store_lock_drop(&p->lock);
}
KEG_AUTO(pinning, pinning_done)

static int begin(struct pinning *p, struct keg_err *err)
{
	struct keg_err ignored;

	snprintf(p->name, sizeof p->name, PIN_NAME "%.*s", SHORT_ID, p->image);
	/* So that there is an index to carry over; before the locks, as it may take a while. */
	if (store_place_refresh(p->store, 0, &ignored) < 0)
		keg_debug("pin: %s", ignored.msg);
	if (store_lock_take(p->store, STORE_LOCK_LAYERS | STORE_LOCK_CONTAINERS, &p->lock, err) <
		    0 ||
	    store_records_load(p->store, STORE_LAYERS, &p->layers, err) < 0 ||
	    store_records_load(p->store, STORE_CONTAINERS, &p->containers, err) < 0)
		return keg_wrap(err, "pin of image %s", p->image);
	return 0;
}

static struct json_object *find_pin(const struct pinning *p)
{
	struct store_records_at at = { 0 };
	struct json_object *record;

	while ((record = store_records_next(&p->containers, &at)) != NULL) {
		if (store_record_has(record, "names", p->name) &&
		    keg_str_eq(keg_json_str(record, "image", NULL), p->image))
			return record;
	}
	return NULL;
}

static void add_layer(struct pinning *p, const char *id, const char *parent, const char *now)
{
	struct json_object *record = json_object_new_object();

	keg_json_put_str(record, "id", id);
	keg_json_put_str(record, "parent", parent);
	keg_json_put_str(record, "created", now);
	store_records_add(&p->layers, record);
}

static void add_record(struct pinning *p, const char *layer, const char *now)
{
	struct json_object *record = json_object_new_object();
	struct json_object *names = json_object_new_array();
	char id[KEG_ID_LEN + 1];

	keg_random_id(id);
	json_object_array_add(names, json_object_new_string(p->name));
	keg_json_put_str(record, "id", id);
	json_object_object_add(record, "names", names);
	keg_json_put_str(record, "image", p->image);
	keg_json_put_str(record, "layer", layer);
	keg_json_put_str(record, "metadata", "{\"keg\":\"pin\"}");
	keg_json_put_str(record, "created", now);
	store_records_add(&p->containers, record);
}

/* Save both lists; what changed in them matters to no image, so the index is carried over. */
static int save(struct pinning *p, bool container_first, struct keg_err *err)
{
	struct store *store = p->store;
	struct store_records *order[] = { container_first ? &p->containers : &p->layers,
					  container_first ? &p->layers : &p->containers };
	bool known = store_index_knows_layers(store_own(store));

	for (size_t i = 0; i < KEG_COUNT(order); i++) {
		if (store_records_save(store, &p->lock, order[i], err) < 0)
			return keg_wrap(err, "pin of image %s", p->image);
	}
	if (known && store_own(store)->index.head)
		store_index_restamp(store_own(store), store->keg, STORE_INDEX);
	return 0;
}

/* The image's topmost layer; with layers.lock held no image can go. */
static int top_layer(struct pinning *p, struct keg_arena *arena, const char **out,
		     struct keg_err *err)
{
	struct store_image image;
	int r = store_image_find(p->store, p->image, arena, &image, err);

	if (r < 0)
		return r;
	*out = image.layer;
	return 0;
}

static int make_pin(struct store *store, const char *image, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	auto(pinning) p = { .store = store, .image = image, .lock = { { -1, -1, -1 } } };
	autoptr(store_staging) staging = NULL;
	autofree char *now = keg_time_format(keg_now());
	char layer[KEG_ID_LEN + 1];
	const char *top;

	if (store_staging_new(store, &staging, err) < 0 || begin(&p, err) < 0)
		return -(int)err->code;
	if (find_pin(&p)) /* made by one who died before he could mark it */
		return 0;

	keg_random_id(layer);
	if (top_layer(&p, &arena, &top, err) < 0 ||
	    layer_tree_place_bare(store, staging, layer, top, err) < 0)
		return -(int)err->code;
	add_layer(&p, layer, *top ? top : NULL, now);
	add_record(&p, layer, now);
	return save(&p, false, err);
}

static int remove_pin(struct store *store, const char *image, struct keg_err *err)
{
	autoptr(store_staging) trash = NULL; /* freed after the locks */
	auto(pinning) p = { .store = store, .image = image, .lock = { { -1, -1, -1 } } };

	if (store_staging_new(store, &trash, err) < 0 || begin(&p, err) < 0)
		return -(int)err->code;

	struct json_object *record = find_pin(&p);
	if (!record)
		return 0;
	autofree char *id = keg_strdup(keg_json_str(record, "id", ""));
	autofree char *layer = keg_strdup(keg_json_str(record, "layer", ""));
	if (!store_id_is_valid(id) || !store_id_is_valid(layer))
		return keg_fail(err, KEG_ECORRUPT, "the pin of image %s has no proper id", image);
	store_records_remove(&p.containers, id);
	store_records_remove(&p.layers, layer);
	if (save(&p, true, err) < 0)
		return -(int)err->code;
	store_container_remove_folders(store, id);
	return layer_tree_drop(store, trash, layer, err);
}

/* --- for our containers ------------------------------------------------------------------------
 */

/* 1 when the image is in our own store, 0 when in an additional one, which nobody removes. */
static int needs_pin(struct store *store, const char *image, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image found;
	int r = store_image_find(store, image, &arena, &found, err);

	return r < 0 ? r : !found.read_only;
}

int store_pin(struct store *store, const char *image, const char *container, struct keg_err *err)
{
	autofd int folder = -1;
	int r = needs_pin(store, image, err);

	if (r <= 0)
		return r;
	if (lock_folder(store, image, true, KEG_LOCK_SHARED, &folder, err) < 0 ||
	    add_container(folder, container, err) < 0)
		return keg_wrap(err, "pin image %s", image);
	if (keg_exists(folder, PIN_MARK))
		return 0;

	auto_close_(&folder);
	folder = -1;
	if (lock_folder(store, image, true, KEG_LOCK_EXCLUSIVE, &folder, err) < 0 ||
	    add_container(folder, container, err) < 0)
		return keg_wrap(err, "pin image %s", image);
	if (keg_exists(folder, PIN_MARK))
		return 0;
	r = make_pin(store, image, err);
	if (r >= 0)
		r = add_container(folder, PIN_MARK, err);
	if (r < 0) {
		autofree char *path = keg_path_join("pins", image);

		unlinkat(folder, container, 0);
		unlinkat(store->keg, path, AT_REMOVEDIR); /* unless others are waiting in it */
	}
	return r < 0 ? r : 0;
}

int store_unpin(struct store *store, const char *image, const char *container, struct keg_err *err)
{
	autofd int folder = -1;
	auto(keg_strv) left = { 0 };
	int r = lock_folder(store, image, false, KEG_LOCK_EXCLUSIVE, &folder, err);

	if (r < 0 || folder < 0)
		return r;
	if (container && unlinkat(folder, container, 0) < 0 && errno != ENOENT)
		return keg_fail_sys(err, errno, "unpin image %s", image);
	if (list_containers(folder, &left, err) < 0)
		return -(int)err->code;
	if (left.n > 0)
		return 0;

	r = remove_pin(store, image, err);
	if (r < 0)
		return r;
	autofree char *path = keg_path_join("pins", image);
	unlinkat(folder, PIN_MARK, 0);
	unlinkat(store->keg, path, AT_REMOVEDIR);
	return 0;
}

int store_pin_list(struct store *store, const char *image, struct keg_strv *containers,
		   struct keg_err *err)
{
	autofd int folder = open_folder(store, image, false, err);

	if (folder < 0)
		return err->sys == ENOENT ? 0 : folder;
	return list_containers(folder, containers, err);
}
