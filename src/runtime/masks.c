/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One null device and one empty tmpfs serve all masks: a tree that is attached already can be
 * cloned, which is cheaper than a file system each. (A detached one cannot before Linux 6.15.)
 */
#include "runtime/masks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "os/path.h"
#include "runtime/mounts.h"

/* A cover, and whether it lies somewhere already. */
struct cover {
	int tree;
	bool attached;
};

static int open_null(struct keg_err *err)
{
	struct stat st;
	autofd int tree = open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 || fstat(tree, &st) < 0)
		return keg_fail_sys(err, errno, "clone /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return keg_fail(err, KEG_EDENIED, "/dev/null is not the null device");
	return take_fd(&tree);
}

static int open_empty(struct keg_err *err)
{
	static const char *const data[] = { "size=0", "nr_inodes=1", "mode=755" };
	const unsigned attrs =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	return mounts_new("tmpfs", "tmpfs", data, KEG_COUNT(data), attrs, err);
}

static int lay(struct cover *cover, int (*open)(struct keg_err *err), int target,
	       struct keg_err *err)
{
	if (cover->tree < 0) {
		cover->tree = open(err);
		if (cover->tree < 0)
			return cover->tree;
	}
	if (!cover->attached) {
		cover->attached = true;
		return mounts_attach(cover->tree, target, err);
	}
	autofd int again =
		open_tree(cover->tree, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (again < 0)
		return keg_fail_sys(err, errno, "clone a mask");
	return mounts_attach(again, target, err);
}

static bool is_absent(int r, const struct keg_err *err)
{
	return r == -KEG_ENOTFOUND || err->sys == ENOTDIR;
}

static int mask_all(const struct oci_linux *os, int root, struct cover *file, struct cover *folder,
		    struct keg_err *err)
{
	for (size_t i = 0; i < os->n_masked_paths; i++) {
		struct stat st;
		autofd int target = path_open_in_root(root, os->masked_paths[i], O_PATH, err);

		if (target < 0 && is_absent(target, err))
			continue;
		if (target < 0 || fstat(target, &st) < 0)
			return keg_wrap(err, "mask %s", os->masked_paths[i]);
		int r = S_ISDIR(st.st_mode) ? lay(folder, open_empty, target, err)
					    : lay(file, open_null, target, err);
		if (r < 0)
			return keg_wrap(err, "mask %s", os->masked_paths[i]);
	}
	return 0;
}

static int make_readonly(int root, const char *path, struct keg_err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	autofd int target = path_open_in_root(root, path, O_PATH, err);

	if (target < 0)
		return is_absent(target, err) ? 0 : target;
	autofd int tree = open_tree(
		target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return keg_fail_sys(err, errno, "clone %s", path);
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		return keg_fail_sys(err, errno, "set mount attributes");
	return mounts_attach(tree, target, err);
}

int masks_apply(const struct oci_linux *os, int root, struct keg_err *err)
{
	struct cover file = { .tree = -1 }, folder = { .tree = -1 };
	int r = 0;

	for (size_t i = 0; i < os->n_readonly_paths && r >= 0; i++) {
		r = make_readonly(root, os->readonly_paths[i], err);
		if (r < 0)
			r = keg_wrap(err, "make %s read-only", os->readonly_paths[i]);
	}
	if (r >= 0)
		r = mask_all(os, root, &file, &folder, err);
	if (file.tree >= 0)
		close(file.tree);
	if (folder.tree >= 0)
		close(folder.tree);
	return r;
}
