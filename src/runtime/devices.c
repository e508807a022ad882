/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/mount.h"
#include "os/path.h"

static const struct oci_device defaults[] = {
	{ .path = "/dev/null", .type = "c", .major = 1, .minor = 3 },
	{ .path = "/dev/random", .type = "c", .major = 1, .minor = 8 },
	{ .path = "/dev/full", .type = "c", .major = 1, .minor = 7 },
	{ .path = "/dev/tty", .type = "c", .major = 5, .minor = 0 },
	{ .path = "/dev/zero", .type = "c", .major = 1, .minor = 5 },
	{ .path = "/dev/urandom", .type = "c", .major = 1, .minor = 9 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static int type_bits(const struct oci_device *d, mode_t *out, struct keg_err *err)
{
	if (strcmp(d->type, "c") == 0 || strcmp(d->type, "u") == 0)
		*out = S_IFCHR;
	else if (strcmp(d->type, "b") == 0)
		*out = S_IFBLK;
	else if (strcmp(d->type, "p") == 0)
		*out = S_IFIFO;
	else
		return keg_fail(err, KEG_EUSAGE, "device %s: unknown type \"%s\"", d->path,
				d->type);
	return 0;
}

static int bind_device(const struct oci_device *d, int above, const char *last, struct keg_err *err)
{
	int made =
		openat(above, last, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);

	/* It only has to be there; a device that was there already may refuse to be opened. */
	if (made >= 0)
		close(made);
	autofd int target = openat(above, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0)
		return keg_fail_sys(err, errno, "create %s", d->path);
	autofd int tree = open_tree(AT_FDCWD, d->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return keg_fail_sys(err, errno, "clone %s", d->path);
	return mount_attach(tree, target, err);
}

static int make_node(const struct oci_device *d, int above, const char *last, mode_t type,
		     struct keg_err *err)
{
	mode_t mode = d->file_mode ? (mode_t)*d->file_mode & 07777U : 0666;
	uid_t uid = d->uid ? (uid_t)*d->uid : 0;
	gid_t gid = d->gid ? (gid_t)*d->gid : 0;
	dev_t number = makedev((unsigned)d->major, (unsigned)d->minor);

	if (mknodat(above, last, type | mode, number) < 0) {
		/* A device that the root file system or an earlier mount brought stays. */
		if (errno == EEXIST)
			return 0;
		return keg_fail_sys(err, errno, "make device %s", d->path);
	}
	/* The umask is 0 here, so the mode is right already. */
	if ((uid || gid) && fchownat(above, last, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "set the owner of %s", d->path);
	return 0;
}

static int make_device(const struct launch *launch, int root, const struct oci_device *d,
		       struct keg_err *err)
{
	uint64_t userns = (launch->join.fresh | launch->join.existing) & CLONE_NEWUSER;
	const char *last;
	mode_t type = 0;
	int r = type_bits(d, &type, err);

	if (r < 0)
		return r;
	/* The terminal's link; runc passes over it as well. */
	if (strcmp(d->path, "/dev/ptmx") == 0)
		return 0;
	autofd int above = path_make_parent(root, d->path, &last, err);
	if (above < 0)
		return above;
	if (userns && type != S_IFIFO)
		return bind_device(d, above, last, err);
	r = make_node(d, above, last, type, err);
	if (r == -KEG_EDENIED && type != S_IFIFO)
		return bind_device(d, above, last, err);
	return r;
}

static int make_links(int dev, struct keg_err *err)
{
	for (size_t i = 0; i < KEG_COUNT(links); i++) {
		if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
			return keg_fail_sys(err, errno, "make link /dev/%s", links[i].name);
	}
	if (access("/proc/kcore", F_OK) == 0 && symlinkat("/proc/kcore", dev, "core") < 0 &&
	    errno != EEXIST)
		return keg_fail_sys(err, errno, "make link /dev/core");
	/* A new instance of devpts has its own multiplexer inside. */
	if (unlinkat(dev, "ptmx", 0) < 0 && errno != ENOENT)
		return keg_fail_sys(err, errno, "remove /dev/ptmx");
	if (symlinkat("pts/ptmx", dev, "ptmx") < 0)
		return keg_fail_sys(err, errno, "make link /dev/ptmx");
	return 0;
}

static bool is_dev_bound(const struct launch *launch)
{
	for (size_t i = 0; i < launch->mounts.n; i++) {
		const struct mount_plan *plan = &launch->mounts.v[i];
		autofree char *path = keg_path_clean(plan->destination);

		if (plan->bind && strcmp(path, "/dev") == 0)
			return true;
	}
	return false;
}

int devices_make(const struct launch *launch, int root, struct keg_err *err)
{
	const struct oci_linux *os = launch->config->os;
	int r = 0;

	if (is_dev_bound(launch))
		return 0;
	/* The config's come first: of two with one name the first stands. */
	for (size_t i = 0; i < os->n_devices && r >= 0; i++)
		r = make_device(launch, root, &os->devices[i], err);
	for (size_t i = 0; i < KEG_COUNT(defaults) && r >= 0; i++)
		r = make_device(launch, root, &defaults[i], err);
	if (r < 0)
		return r;
	autofd int dev = path_make_folder(root, "/dev", 0755, err);
	return dev < 0 ? dev : make_links(dev, err);
}
