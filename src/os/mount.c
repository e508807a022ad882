/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"

int mount_clone(const struct mount_place *from, bool deep, struct keg_err *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (deep ? AT_RECURSIVE : 0) |
			 (from->nofollow ? AT_SYMLINK_NOFOLLOW : 0) |
			 (*from->path ? 0 : AT_EMPTY_PATH);
	int tree = open_tree(from->dirfd, from->path, flags);

	return tree < 0 ? keg_fail_sys(err, errno, "clone mount %s", from->path) : tree;
}

static int fs_failed(int fs, const char *what, const char *type, struct keg_err *err)
{
	int saved = errno;
	char said[256];
	ssize_t len = read(fs, said, sizeof said - 1);

	/* A message begins with "e ", "w " or "i " (fsopen is documented in mount_api.rst). */
	if (len <= 2)
		return keg_fail_sys(err, saved, "%s %s", what, type);
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return keg_fail_sys(err, saved, "%s %s: %s", what, type, said + 2);
}

static int configure(int fs, const char *word, struct keg_err *err)
{
	const char *equals = strchr(word, '=');
	autofree char *key = equals ? keg_strndup(word, (size_t)(equals - word)) : keg_strdup(word);
	int r = equals ? fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0)
		       : fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);

	return r < 0 ? fs_failed(fs, "mount option", word, err) : 0;
}

static int configure_all(int fs, const char *const *data, size_t n_data, struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < n_data && r >= 0; i++)
		r = data[i] ? configure(fs, data[i], err) : 0;
	return r;
}

int mount_new(const char *type, const char *source, const char *const *data, size_t n_data,
	      unsigned attrs, struct keg_err *err)
{
	autofd int fs = fsopen(type, FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return keg_fail_sys(err, errno, "open file system %s", type);
	if (!keg_str_empty(source) && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_failed(fs, "set source of", type, err);
	r = configure_all(fs, data, n_data, err);
	if (r < 0)
		return r;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_failed(fs, "make file system", type, err);

	int tree = fsmount(fs, FSMOUNT_CLOEXEC, attrs);
	return tree < 0 ? fs_failed(fs, "mount file system", type, err) : tree;
}

int mount_reconfigure(int target, const char *const *data, size_t n_data, struct keg_err *err)
{
	autofd int fs = fspick(target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	int r;

	if (fs < 0)
		return keg_fail_sys(err, errno, "pick the file system");
	r = configure_all(fs, data, n_data, err);
	if (r >= 0 && fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		r = fs_failed(fs, "configure", "file system", err);
	return r;
}

/* mount(2) says ENOTDIR, by which engines know what was meant; move_mount(2) EINVAL. */
static bool is_folder_on_file(int tree, int target)
{
	struct stat from, to;

	return fstat(tree, &from) == 0 && fstat(target, &to) == 0 &&
	       S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode);
}

int mount_attach(int tree, int target, struct keg_err *err)
{
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ==
	    0)
		return 0;
	int cause = errno;
	if (cause == EINVAL && is_folder_on_file(tree, target))
		cause = ENOTDIR;
	return keg_fail_sys(err, cause, "attach the mount");
}

int mount_set(int tree, const struct mount_change *change, bool deep, struct keg_err *err)
{
	struct mount_attr attr = { .attr_set = change->set, .attr_clr = change->clr };

	if ((change->clr | change->set) == 0)
		return 0;
	/* The kernel wants the whole access time field replaced, never parts of it set. */
	if (change->set & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | (deep ? AT_RECURSIVE : 0), &attr, sizeof attr) <
	    0)
		return keg_fail_sys(err, errno, "set mount attributes");
	return 0;
}

int mount_propagate(int tree, uint64_t word, struct keg_err *err)
{
	struct mount_attr attr = { .propagation = word & ~(uint64_t)MS_REC };
	unsigned deep = (word & MS_REC) ? AT_RECURSIVE : 0;

	if (attr.propagation == 0)
		return 0;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | deep, &attr, sizeof attr) < 0)
		return keg_fail_sys(err, errno, "set mount propagation");
	return 0;
}

int mount_map_ids(int tree, int userns, bool deep, struct keg_err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };

	if (mount_setattr(tree, "", AT_EMPTY_PATH | (deep ? AT_RECURSIVE : 0), &attr, sizeof attr) <
	    0)
		return keg_fail_sys(err, errno, "map the ids of the mount");
	return 0;
}

bool mount_is_root(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &st) == 0 &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}
