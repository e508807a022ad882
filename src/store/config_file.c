/* SPDX-License-Identifier: Apache-2.0 */
#include "store/config_file.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/toml.h"

enum { CONFIG_MAX = 1 << 20 };

#define DRIVER_ROWS(type, member)                                                     \
	JSON_STR("mount_program", type, member mount_program, 0),                     \
		JSON_STR("mountopt", type, member mountopt, 0),                       \
		JSON_STR("ignore_chown_errors", type, member ignore_chown_errors, 0), \
		JSON_STR("size", type, member size, 0),                               \
		JSON_STR("inodes", type, member inodes, 0),                           \
		JSON_STR("force_mask", type, member force_mask, 0),                   \
		JSON_STR("skip_mount_home", type, member skip_mount_home, 0),         \
		JSON_STR("use_composefs", type, member use_composefs, 0),             \
		JSON_STR("sync", type, member sync, 0)

static const struct keg_json_field driver_rows[] = {
	DRIVER_ROWS(struct driver_table, ),
	JSON_END,
};

static const struct keg_json_field pull_rows[] = {
	JSON_RAW("enable_partial_images", struct pull_table, enable_partial_images, 0),
	JSON_RAW("convert_images", struct pull_table, convert_images, 0),
	JSON_END,
};

static const struct keg_json_field options_rows[] = {
	DRIVER_ROWS(struct options_table, general.),
	JSON_OBJ("overlay", struct options_table, overlay, 0, driver_table, driver_rows),
	JSON_OBJ("vfs", struct options_table, vfs, 0, driver_table, driver_rows),
	JSON_STRV("additionalimagestores", struct options_table, image_stores, 0),
	JSON_STRV("additionallayerstores", struct options_table, layer_stores, 0),
	JSON_STR("remap-uids", struct options_table, remap_uids, 0),
	JSON_STR("remap-gids", struct options_table, remap_gids, 0),
	JSON_STR("remap-user", struct options_table, remap_user, 0),
	JSON_STR("remap-group", struct options_table, remap_group, 0),
	JSON_RAW("disable-volatile", struct options_table, disable_volatile, 0),
	JSON_OBJ("pull_options", struct options_table, pull, 0, pull_table, pull_rows),
	JSON_END,
};

static const struct keg_json_field storage_rows[] = {
	JSON_STR("driver", struct storage_table, driver, 0),
	JSON_STRV("driver_priority", struct storage_table, driver_priority, 0),
	JSON_STR("graphroot", struct storage_table, graphroot, 0),
	JSON_STR("runroot", struct storage_table, runroot, 0),
	JSON_STR("rootless_storage_path", struct storage_table, rootless_storage_path, 0),
	JSON_RAW("transient_store", struct storage_table, transient_store, 0),
	JSON_STR("imagestore", struct storage_table, imagestore, 0),
	JSON_OBJ("options", struct storage_table, options, 0, options_table, options_rows),
	JSON_END,
};

static const struct keg_json_field file_rows[] = {
	JSON_OBJ("storage", struct config_file, storage, 0, storage_table, storage_rows),
	JSON_END,
};

int store_config_file_read(const char *path, struct keg_arena *arena, struct config_file *out,
			   struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autojson root = NULL;

	*out = (struct config_file){ 0 };
	if (keg_file_read(AT_FDCWD, path, CONFIG_MAX, &text, err) < 0)
		return err->sys == ENOENT || err->sys == ENOTDIR ? 0 : -(int)err->code;
	if (keg_toml_parse(keg_buf_text(&text), text.len, &root, err) < 0 ||
	    keg_json_decode(root, file_rows, out, arena, err) < 0)
		return keg_wrap(err, "%s", path);
	return 1;
}
