/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "os/namespace.h"
#include "store/advice.h"
#include "store/handle.h"

const struct store_list_files store_list_files[STORE_LISTS] = {
	[STORE_LAYERS] = { "overlay-layers", "vfs-layers", "layers.json", "volatile-layers.json",
			   "layers.lock" },
	[STORE_IMAGES] = { "overlay-images", "vfs-images", "images.json", "volatile-images.json",
			   "images.lock" },
	[STORE_CONTAINERS] = { "overlay-containers", "vfs-containers", "containers.json",
			       "volatile-containers.json", "containers.lock" },
};

bool store_id_is_valid(const char *text)
{
	return strlen(text) == STORE_ID_LEN && strspn(text, "0123456789abcdef") == STORE_ID_LEN;
}

static int open_dir(int at, const char *path, struct keg_err *err)
{
	return keg_open_at(at, path, O_RDONLY | O_DIRECTORY, 0, err);
}

/* Open a folder, which is made when it is missing and `make` says so. */
static int open_made(int at, const char *path, mode_t mode, bool make, struct keg_err *err)
{
	int fd = open_dir(at, path, err);

	if (fd >= 0 || !make || err->sys != ENOENT)
		return fd;
	int r = keg_mkdirs(at, path, mode, err);
	return r < 0 ? r : open_dir(at, path, err);
}

static void close_place(struct store_place *place)
{
	auto_close_(&place->root);
	auto_close_(&place->trees);
	for (int i = 0; i < STORE_LISTS; i++)
		auto_close_(&place->lists[i]);
	store_index_close(&place->index);
	free(place->path);
}

/*
 * What was opened stays in *place for close_place(), also on failure. `graph` is where the
 * containers are, or -1 for a place where there is nothing of ours.
 */
static int open_place(const struct store *store, struct store_place *place, const char *path,
		      bool make, int graph, struct keg_err *err)
{
	*place = (struct store_place){ .path = keg_strdup(path),
				       .vfs = store->vfs,
				       .root = -1,
				       .trees = -1,
				       .lists = { -1, -1, -1 } };
	place->root = open_made(AT_FDCWD, path, 0700, make, err);
	if (place->root < 0)
		return -(int)err->code;
	/* Everything that moves in or out of here goes through this one descriptor: the peers
	 * mount the folder onto itself, and renames do not cross mounts. */
	place->trees = open_made(place->root, place->vfs ? "vfs" : "overlay", 0700, make, err);
	if (place->trees < 0)
		return -(int)err->code;
	for (int i = 0; i < STORE_LISTS; i++) {
		int at = i == STORE_CONTAINERS ? graph : place->root;

		if (at < 0)
			continue;
		place->lists[i] = open_made(at, store_list_folder(place, (enum store_list_kind)i),
					    0700, make, err);
		if (place->lists[i] < 0)
			return -(int)err->code;
	}
	return 0;
}

static int check_driver(const struct store_config *config, struct keg_err *err)
{
	if (strcmp(config->driver, "overlay") == 0 || strcmp(config->driver, "vfs") == 0)
		return 0;
	keg_fail(err, KEG_EUNSUPPORTED, "storage driver %s is not supported", config->driver);
	return keg_hint(err, "Set driver = \"overlay\" in storage.conf, or use --storage-driver "
			     "overlay, or vfs where the kernel refuses overlay.");
}

/* Where images are kept; then, if that is elsewhere, those of the graph root. */
static int open_own(struct store *store, const struct store_config *config, struct keg_err *err)
{
	const char *images = config->imagestore ? config->imagestore : config->graphroot;
	const char *at = config->graphroot;
	int r = store->graph = open_made(AT_FDCWD, config->graphroot, 0700, true, err);

	if (r >= 0) {
		at = images;
		r = open_place(store, &store->places[store->n_places++], images, true, store->graph,
			       err);
	}
	if (r >= 0 && config->imagestore) {
		at = config->graphroot;
		r = open_place(store, &store->places[store->n_places++], at, true, -1, err);
	}
	if (r >= 0)
		return 0;
	keg_wrap(err, "open store %s", at);
	return store_advise(at, err);
}

int store_open(const struct store_config *config, struct store **out, struct keg_err *err)
{
	int r = check_driver(config, err);

	if (r < 0)
		return r;

	autoptr(store) store = keg_alloc(1, sizeof *store);
	store->graph = store->keg = -1;
	store->vfs = strcmp(config->driver, "vfs") == 0;
	store_config_copy(&store->config, config);
	store->in_userns = namespace_user_is_partial();
	store->places = keg_alloc(2 + config->image_stores.n, sizeof *store->places);
	r = open_own(store, config, err);
	if (r < 0)
		return r;

	for (size_t i = 0; i < config->image_stores.n; i++) {
		struct store_place *place = &store->places[store->n_places++];

		r = open_place(store, place, config->image_stores.v[i], false, -1, err);
		if (r < 0)
			return keg_wrap(err, "open additional image store %s",
					config->image_stores.v[i]);
	}
	*out = take_ptr(&store);
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < store->n_places; i++)
		close_place(&store->places[i]);
	free(store->places);
	auto_close_(&store->keg);
	auto_close_(&store->graph);
	store_config_done(&store->config);
	free(store);
}

const struct store_config *store_config(const struct store *store)
{
	return &store->config;
}

int store_keg_dir(struct store *store, struct keg_err *err)
{
	if (store->keg < 0)
		store->keg = open_made(store->graph, "keg", 0700, true, err);
	return store->keg;
}

bool store_in_userns(const struct store *store)
{
	return store->in_userns;
}

int store_place_refresh(struct store *store, size_t place, struct keg_err *err)
{
	struct keg_err ignored;
	autofree char *name =
		place ? keg_printf(STORE_INDEX ".%zu", place) : keg_strdup(STORE_INDEX);

	/* Without our folder the index serves from memory. */
	return store_index_refresh(&store->places[place], store_keg_dir(store, &ignored), name,
				   err);
}
