/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers are unpacked beside each other, none knowing of another, in overlay's form: what a
 * layer hides is a device 0:0 or an attribute. Here they are laid one upon the other.
 */
#include "store/vfs.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "os/mount.h"
#include "os/tree_copy.h"
#include "store/layer_tree.h"

enum { DEPTH_MAX = 400 };

static const int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/* What the layer has there hides all that is below. */
static bool is_opaque(int dir)
{
	char value;

	return (fgetxattr(dir, "trusted.overlay.opaque", &value, 1) == 1 ||
		fgetxattr(dir, "user.overlay.opaque", &value, 1) == 1) &&
	       value == 'y';
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int lay(int from, int to, unsigned depth, struct keg_err *err);

static int lay_folder(int from_dir, int to_dir, const char *name, unsigned depth,
		      struct keg_err *err)
{
	struct stat st;
	autofd int from = keg_open_at(from_dir, name, folder_flags, 0, err);

	if (from < 0)
		return from;
	bool exists = fstatat(to_dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (exists && (!S_ISDIR(st.st_mode) || is_opaque(from))) {
		int r = keg_remove_tree(to_dir, name, err);

		if (r < 0)
			return r;
		exists = false;
	}
	if (!exists && mkdirat(to_dir, name, 0700) < 0)
		return keg_fail_sys(err, errno, "create %s", name);
	autofd int to = keg_open_at(to_dir, name, folder_flags, 0, err);
	if (to < 0)
		return to;
	int r = lay(from, to, depth + 1, err);
	return r < 0 ? r : tree_copy_meta(from, to, err);
}

static int lay_other(int from_dir, int to_dir, const char *name, const struct stat *st,
		     struct keg_err *err)
{
	int r = keg_remove_tree(to_dir, name, err);

	if (r < 0 || is_whiteout(st))
		return r;
	if (renameat(from_dir, name, to_dir, name) < 0)
		return keg_fail_sys(err, errno, "move %s", name);
	return 0;
}

/* What is in `from` replaces or joins what is in `to`; files are moved. */
static int lay(int from, int to, unsigned depth, struct keg_err *err)
{
	int copy = keg_open_at(from, ".", O_RDONLY | O_DIRECTORY, 0, err);
	autodir stream = copy < 0 ? NULL : fdopendir(copy);
	auto(keg_strv) names = { 0 };
	struct dirent *entry;
	int r = 0;

	if (!stream)
		return copy < 0 ? copy : keg_fail_sys(err, errno, "list layer");
	if (depth > DEPTH_MAX)
		return keg_fail(err, KEG_EUNSUPPORTED, "more than %d folders deep", DEPTH_MAX);
	/* Listed first: moving files out while one reads the folder may hide others. */
	while ((entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			keg_strv_add(&names, entry->d_name);
	}
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		struct stat st;

		if (fstatat(from, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return keg_fail_sys(err, errno, "stat %s", names.v[i]);
		r = S_ISDIR(st.st_mode) ? lay_folder(from, to, names.v[i], depth, err)
					: lay_other(from, to, names.v[i], &st, err);
	}
	return r;
}

/* The tree that the layer is laid upon. */
static int copy_parent(const struct store_place *place, const char *parent, int to,
		       struct keg_err *err)
{
	if (keg_str_empty(parent)) {
		if (fchmod(to, 0555) < 0)
			return keg_fail_sys(err, errno, "change mode of layer");
		return 0;
	}
	autofree char *path = layer_tree_path(place, parent);
	autofd int from = keg_open_at(place->trees, path, folder_flags, 0, err);
	return from < 0 ? from : tree_copy(from, to, err);
}

int vfs_build(const struct store_place *place, struct store_staging *staging, const char *parent,
	      struct keg_err *err)
{
	int dir = store_staging_dir(staging);
	struct stat st;

	if (mkdirat(dir, VFS_STAGED, 0700) < 0)
		return keg_fail_sys(err, errno, "create layer");
	autofd int from = keg_open_at(dir, STORE_STAGING_LAYER "/diff", folder_flags, 0, err);
	autofd int to = from < 0 ? -1 : keg_open_at(dir, VFS_STAGED, folder_flags, 0, err);
	if (to < 0 || keg_mkdirs(place->trees, "dir", 0700, err) < 0)
		return -(int)err->code;
	if (fstat(from, &st) < 0)
		return keg_fail_sys(err, errno, "stat layer");
	if (copy_parent(place, parent, to, err) < 0 || lay(from, to, 0, err) < 0)
		return -(int)err->code;
	/* An archive need not have an entry for its root. */
	return (st.st_mode & 07777) == STORE_MODE_UNSET ? 0 : tree_copy_meta(from, to, err);
}

/* --- containers ---------------------------------------------------------------------------- */

/* A copy that a crash interrupted is made anew. */
static int clear(int dir, struct keg_err *err)
{
	int copy = keg_open_at(dir, ".", O_RDONLY | O_DIRECTORY, 0, err);
	autodir stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (!stream)
		return copy < 0 ? copy : keg_fail_sys(err, errno, "list the container's tree");
	while (r >= 0 && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = keg_remove_tree(dir, entry->d_name, err);
	}
	return r;
}

/* As with overlay, work/work says that the tree was used before. */
static int fill_upper(int image, const struct store_rootfs *what, struct keg_err *err)
{
	if (keg_exists(what->work, "work"))
		return 0;
	autofd int upper = keg_open_at(what->upper, ".", O_RDONLY | O_DIRECTORY, 0, err);
	if (upper < 0 || clear(upper, err) < 0)
		return -(int)err->code;
	int r = image < 0 ? 0 : tree_copy(image, upper, err);
	if (r >= 0 && mkdirat(what->work, "work", 0700) < 0)
		r = keg_fail_sys(err, errno, "finish the container's tree");
	return r;
}

int vfs_mount(const struct store_place *place, const struct store_rootfs *what, struct keg_err *err)
{
	const struct mount_change read_only = { .set = MOUNT_ATTR_RDONLY };
	autofree char *path = layer_tree_path(place, what->image->layer);
	bool empty = !*what->image->layer;
	autofd int image = empty ? -1 : keg_open_at(place->trees, path, folder_flags, 0, err);

	if (!empty && image < 0)
		return keg_fail(err, KEG_ECORRUPT, "layer %s has no tree", what->image->layer);
	if (what->upper < 0 && empty)
		return keg_fail(err, KEG_EUNSUPPORTED, "an image of nothing cannot be mounted");
	if (what->upper >= 0) {
		int r = fill_upper(image, what, err);

		if (r < 0)
			return r;
	}
	const struct mount_place from = { what->upper >= 0 ? what->upper : image, "", false };
	autofd int tree = mount_clone(&from, false, err);
	if (tree < 0 || (what->upper < 0 && mount_set(tree, &read_only, false, err) < 0))
		return -(int)err->code;
	return take_fd(&tree);
}
