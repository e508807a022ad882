/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_tree.h - a layer's folder overlay/<id> as the overlay driver of the peers lays it out
 * (vfs.h says how their vfs driver does):
 *
 *   diff/          its tree
 *   link           the name of its short link, overlay/l/<link> -> ../<id>/diff
 *   lower          "l/<link>:..." of the layers below, the nearest first; not in the lowest
 *   work/ merged/  where containers mount it; empty/ in the lowest
 *
 * For files of this layer, under layers.lock.
 */
#ifndef KEG_STORE_LAYER_TREE_H
#define KEG_STORE_LAYER_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/staging.h"
#include "store/store.h"

struct json_object;
struct store_place;

/*
 * Its tree, and the folder that holds it and all that belongs to it, relative to place->trees.
 * With vfs these are one: vfs/dir/<id>, with all that the layers below have. The caller frees.
 */
char *layer_tree_path(const struct store_place *place, const char *id);
char *layer_tree_folder(const struct store_place *place, const char *id);

/*
 * Move a staged tree to overlay/<id>. What stands there, of which there is no record, is
 * moved into the staging. A tree whose root the unpacking did not touch gets the mode
 * and owner of the parent's. `parent` is NULL or "" for the lowest.
 */
int layer_tree_place(struct store *store, struct store_staging *staging, const char *id,
		     const char *parent, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same for a layer without files of its own, which nobody but its record needs. With vfs
 * it has not even those of the layers below.
 */
int layer_tree_place_bare(struct store *store, struct store_staging *staging, const char *id,
			  const char *parent, struct keg_err *err) KEG_MUST_CHECK;

/* Move overlay/<id> into the staging and remove its short link and tar-split. What is not
 * there is fine. */
int layer_tree_drop(struct store *store, struct store_staging *trash, const char *id,
		    struct keg_err *err) KEG_MUST_CHECK;

/* What stands in its file `link`, checked to be a name; the caller frees. */
int layer_tree_link(const struct store_place *place, const char *id, char **out,
		    struct keg_err *err) KEG_MUST_CHECK;

/*
 * Is everything there that it takes to mount it? After a power cut a layer may be on record
 * whose own files were never written: neither we nor the peers sync what is unpacked.
 * `diff_size` is that of its tar, -1 when unknown.
 */
bool layer_tree_is_whole(const struct store_place *place, const char *id, bool lowest,
			 int64_t diff_size);

/* The same for a layer's record. */
bool layer_tree_record_is_whole(const struct store_place *place, struct json_object *record);

/* KEG_EUNSUPPORTED when a newer peer keeps its tree in another form (composefs). */
int layer_tree_check(const struct store_place *place, const char *id,
		     struct keg_err *err) KEG_MUST_CHECK;

/* Make overlay/l/<link> for it, for a layer that lost its own. */
int layer_tree_relink(struct store *store, const char *id, const char *link,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
