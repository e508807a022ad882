/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One null device and one empty tmpfs serve all masks: a tree that is attached already can be
 * cloned, which is cheaper than a file system each. (A detached one cannot before Linux 6.15.)
 *
 * The null device is the container's own: with the host's root inside could change the mode, owner
 * and times of the host's file through the mask. One that is something else (CVE-2025-31133), or
 * not there, is replaced by the host's. Both are read-only, which lets data through to a device.
 */
#include "runtime/masks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "os/mount.h"
#include "os/path.h"

/* A cover, and whether it lies somewhere already. */
struct cover {
	int tree;
	bool attached;
};

/* The tree of a null device, or -1. */
static int clone_null(int fd)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					       MOUNT_ATTR_NOEXEC };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return -1;
	autofd int tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return -1;
	return take_fd(&tree);
}

static int open_null(int root, struct keg_err *err)
{
	struct keg_err ignored;
	autofd int own = path_open_in_root(root, "/dev/null", O_PATH, &ignored);
	int tree = clone_null(own);

	if (tree < 0) {
		autofd int host = open("/dev/null", O_PATH | O_CLOEXEC);

		tree = clone_null(host);
	}
	return tree < 0 ? keg_fail(err, KEG_EDENIED, "no null device to mask with") : tree;
}

static int open_empty(struct keg_err *err)
{
	static const char *const data[] = { "size=0", "nr_inodes=1", "mode=755" };
	const unsigned attrs =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

	return mount_new("tmpfs", "tmpfs", data, KEG_COUNT(data), attrs, err);
}

static int lay(struct cover *cover, int target, struct keg_err *err)
{
	if (!cover->attached) {
		cover->attached = true;
		return mount_attach(cover->tree, target, err);
	}
	autofd int again =
		open_tree(cover->tree, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (again < 0)
		return keg_fail_sys(err, errno, "clone a mask");
	return mount_attach(again, target, err);
}

static bool is_absent(int r, const struct keg_err *err)
{
	return r == -KEG_ENOTFOUND || err->sys == ENOTDIR;
}

/* Is it named for the first time? One cover is enough, and a second would lie on it. */
static bool is_new(struct keg_strv *seen, const char *path)
{
	autofree char *clean = keg_path_clean(path);

	if (keg_strv_has(seen, clean))
		return false;
	keg_strv_take(seen, take_ptr(&clean));
	return true;
}

static int mask_all(const struct oci_linux *os, int root, struct cover *file, struct cover *folder,
		    struct keg_err *err)
{
	auto(keg_strv) seen = { 0 };

	for (size_t i = 0; i < os->n_masked_paths; i++) {
		struct stat st;

		if (!is_new(&seen, os->masked_paths[i]))
			continue;
		autofd int target = path_open_in_root(root, os->masked_paths[i], O_PATH, err);
		if (target < 0 && is_absent(target, err))
			continue;
		if (target < 0 || fstat(target, &st) < 0)
			return keg_wrap(err, "mask %s", os->masked_paths[i]);
		struct cover *cover = S_ISDIR(st.st_mode) ? folder : file;
		if (cover->tree < 0)
			cover->tree = cover == folder ? open_empty(err) : open_null(root, err);
		int r = cover->tree < 0 ? cover->tree : lay(cover, target, err);
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
	return mount_attach(tree, target, err);
}

int masks_apply(const struct oci_linux *os, int root, struct keg_err *err)
{
	struct cover file = { .tree = -1 }, folder = { .tree = -1 };
	auto(keg_strv) seen = { 0 };
	int r = 0;

	for (size_t i = 0; i < os->n_readonly_paths && r >= 0; i++) {
		if (!is_new(&seen, os->readonly_paths[i]))
			continue;
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
