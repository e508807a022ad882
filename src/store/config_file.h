/* SPDX-License-Identifier: Apache-2.0 */
/* config_file.h - storage.conf as it stands in the file; for config.c, which says what counts. */
#ifndef KEG_STORE_CONFIG_FILE_H
#define KEG_STORE_CONFIG_FILE_H

#include "base/json.h"

/* Options that are both in [storage.options] and, preferred, in the driver's own table. */
struct driver_table {
	const char *mount_program, *mountopt, *ignore_chown_errors, *size, *inodes, *force_mask,
		*skip_mount_home, *use_composefs, *sync;
};

/* Texts, or truth values. */
struct pull_table {
	struct json_object *enable_partial_images, *convert_images;
};

struct options_table {
	struct driver_table general;
	struct driver_table *overlay, *vfs;
	const char **image_stores, **layer_stores;
	size_t n_image_stores, n_layer_stores;
	const char *remap_uids, *remap_gids, *remap_user, *remap_group;
	struct json_object *disable_volatile;
	struct pull_table *pull;
};

struct storage_table {
	const char *driver, *graphroot, *runroot, *rootless_storage_path, *imagestore;
	const char **driver_priority;
	size_t n_driver_priority;
	struct json_object *transient_store;
	struct options_table *options;
};

struct config_file {
	struct storage_table *storage;
};

/*
 * Read one; its text goes to the arena. Returns 0 when there is no such file, else 1. Members
 * of other drivers and those we do not know are skipped, as by the peers.
 */
int store_config_file_read(const char *path, struct keg_arena *arena, struct config_file *out,
			   struct keg_err *err) KEG_MUST_CHECK;

#endif
