/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/mount.h"
#include "os/mountinfo.h"
#include "os/path.h"
#include "runtime/mount_opts.h"

enum { MOUNTINFO_MAX = 64 << 20 };

static int propagate(int dirfd, const char *path, uint64_t word, struct keg_err *err)
{
	struct mount_attr attr = { .propagation = word & ~(uint64_t)MS_REC };
	unsigned flags = (word & MS_REC ? AT_RECURSIVE : 0) | (*path ? 0 : AT_EMPTY_PATH);

	if (mount_setattr(dirfd, path, flags, &attr, sizeof attr) < 0)
		return keg_fail_sys(err, errno, "set mount propagation");
	return 0;
}

static int wanted_propagation(const struct launch *launch, uint64_t *out, struct keg_err *err)
{
	const char *word = launch->config->os->rootfs_propagation;

	*out = 0;
	if (keg_str_empty(word))
		return 0;
	*out = mount_opts_propagation(word);
	return *out ? 0 : keg_fail(err, KEG_EUSAGE, "rootfsPropagation=%s is not supported", word);
}

int rootfs_detach(const struct launch *launch, struct keg_err *err)
{
	uint64_t word;
	int r = wanted_propagation(launch, &word, err);

	if (r < 0 || launch_on_host(launch))
		return r;
	if (!word)
		word = MS_SLAVE;
	/* An unbindable mount could not be cloned as the container's root. */
	r = propagate(AT_FDCWD, "/", (word & MS_UNBINDABLE ? MS_PRIVATE : word) | MS_REC, err);
	/* pivot_root(2): the mount above the new root must not be shared. */
	if (r >= 0 && word & MS_SHARED)
		r = propagate(AT_FDCWD, "/", MS_PRIVATE, err);
	return r;
}

/* pivot_root(2) wants the mount above private, which only "/" is when the rest is shared. */
static const char *place_of(const struct launch *launch, uint64_t word)
{
	struct stat st;

	if (launch_on_host(launch))
		return launch->rootfs;
	if (word & MS_SHARED || stat(launch->rootfs, &st) < 0 || !S_ISDIR(st.st_mode))
		return "/";
	return launch->rootfs;
}

int rootfs_attach(const struct launch *launch, struct keg_err *err)
{
	const struct mount_place from = { AT_FDCWD, launch->rootfs, false };
	autofd int tree = -1;
	uint64_t word;
	int r = wanted_propagation(launch, &word, err);

	if (r < 0)
		return r;

	tree = launch->rootfs_mount >= 0 ? fcntl(launch->rootfs_mount, F_DUPFD_CLOEXEC, 3)
					 : mount_clone(&from, true, err);
	if (tree < 0)
		return keg_fail_sys(err, errno, "clone the root file system %s", launch->rootfs);
	if (move_mount(tree, "", AT_FDCWD, place_of(launch, word), MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return keg_fail_sys(err, errno, "attach the root file system");
	return take_fd(&tree);
}

/* pivot_root(2), NOTES: with "." twice the old root ends up over the new one, to be unmounted. */
static int pivot(struct keg_err *err)
{
	autofd int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (old < 0)
		return keg_fail_sys(err, errno, "open /");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return keg_fail_sys(err, errno, "pivot_root");
	/* The unmount must not reach the host. */
	r = propagate(old, "", MS_SLAVE | MS_REC, err);
	if (r < 0)
		return r;
	if (fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0)
		return keg_fail_sys(err, errno, "unmount the host's root");
	return 0;
}

/* Line by line: the mounts of the host's proc and sysfs that are not the container's own. */
static int uncover(char *line, const char *rootfs, struct keg_err *err)
{
	char *at, *type;

	if (!mountinfo_parse(line, &at, &type) ||
	    (strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0))
		return 0;
	if (keg_str_after(at, rootfs) || umount2(at, MNT_DETACH) == 0 || errno == EINVAL ||
	    errno == ENOENT)
		return 0;
	return keg_fail_sys(err, errno, "unmount the host's %s", at);
}

/*
 * Without pivot_root the host's mounts stay in the namespace. A whole /proc or /sys among them
 * would allow a user namespace in the container to mount its own unmasked ones
 * (mount_too_revealing() in the kernel).
 */
static int move_root(const struct launch *launch, int root, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	char *save = NULL;
	int r = keg_file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, err);

	for (char *line = r < 0 ? NULL : strtok_r(text.data, "\n", &save); line && r >= 0;
	     line = strtok_r(NULL, "\n", &save))
		r = uncover(line, launch->rootfs, err);
	if (r < 0)
		return r;
	if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return keg_fail_sys(err, errno, "move the root file system");
	if (chroot(".") < 0)
		return keg_fail_sys(err, errno, "chroot");
	return 0;
}

void rootfs_abandon(const struct launch *launch, int root)
{
	char path[PATH_FD_MAX];

	if (launch_on_host(launch))
		(void)umount2(path_of_fd(root, path), MNT_DETACH);
}

int rootfs_enter(const struct launch *launch, int root, struct keg_err *err)
{
	uint64_t word;
	int r = wanted_propagation(launch, &word, err);

	if (r < 0)
		return r;
	if (fchdir(root) < 0)
		return keg_fail_sys(err, errno, "change to the root file system");
	if (launch_on_host(launch))
		r = chroot(".") < 0 ? keg_fail_sys(err, errno, "chroot") : 0;
	else
		r = launch->no_pivot ? move_root(launch, root, err) : pivot(err);
	if (r < 0)
		return r;
	if (chdir("/") < 0)
		return keg_fail_sys(err, errno, "change to /");
	if (launch->config->root->readonly) {
		struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

		if (mount_setattr(root, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
			return keg_fail_sys(err, errno, "make the root file system read-only");
	}
	return word ? propagate(root, "", word, err) : 0;
}
