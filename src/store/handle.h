/* SPDX-License-Identifier: Apache-2.0 */
/* handle.h - what a struct store holds; for the files of this layer only. */
#ifndef KEG_STORE_HANDLE_H
#define KEG_STORE_HANDLE_H

#include "store/index.h"
#include "store/lockfile.h"
#include "store/store.h"

#define STORE_INDEX "index" /* below <graphroot>/keg: the index of our own place */

enum { STORE_LIST_MAX = 256 << 20 }; /* bytes of one of the JSON lists */

/* The mode of a staged tree's root until somebody sets it: nobody would choose this one. */
enum { STORE_MODE_UNSET = 01711 };

/* One store's folders: ours, or an additional one, of which none may be written to. */
struct store_place {
	char *path;
	bool vfs;		/* whole trees instead of overlay's layers */
	int root, trees;	/* trees: overlay/ or vfs/ */
	int lists[STORE_LISTS]; /* overlay-layers, overlay-images, overlay-containers; or -1 */
	struct store_index index;
};

struct store {
	struct store_config config;
	struct store_place *places; /* ours first: of images, which need not be the graph root */
	size_t n_places;
	int graph; /* the graph root */
	int keg;   /* <graphroot>/keg, or -1 as long as nobody needed it */
	bool vfs;  /* the driver; else overlay */
	bool in_userns;
};

/* The file names of the lists and of their locks, the same in each place. */
struct store_list_files {
	const char *overlay_folder, *vfs_folder, *file, *volatile_file, *lock;
};
extern const struct store_list_files store_list_files[STORE_LISTS];

static inline const char *store_list_folder(const struct store_place *place,
					    enum store_list_kind list)
{
	return place->vfs ? store_list_files[list].vfs_folder
			  : store_list_files[list].overlay_folder;
}

/* Ours: the only place that is written to. */
static inline struct store_place *store_own(struct store *store)
{
	return &store->places[0];
}

/* Bring the index of a place up to date. */
int store_place_refresh(struct store *store, size_t place, struct keg_err *err) KEG_MUST_CHECK;

#endif
