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

/* `tree` is a node that the parent made, or -1: then it is the host's of that name. */
static int bind_device(const struct oci_device *d, int tree, int above, const char *last,
		       struct keg_err *err)
{
	const struct mount_change change = { 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	const struct mount_place from = { AT_FDCWD, d->path, false };
	int made =
		openat(above, last, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);

	/* It only has to be there; a device that was there already may refuse to be opened. */
	if (made >= 0)
		close(made);
	autofd int target = openat(above, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0)
		return keg_fail_sys(err, errno, "create %s", d->path);
	autofd int host = tree < 0 ? mount_clone(&from, false, err) : -1;
	if (tree < 0 && host < 0)
		return host;
	int r = mount_set(tree < 0 ? host : tree, &change, false, err);
	return r < 0 ? r : mount_attach(tree < 0 ? host : tree, target, err);
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

/* An id of the container as the host has it: what is not mapped is nobody's to own. */
static int to_host(const uint32_t *id, const struct oci_id_map *maps, size_t n, uint32_t *out,
		   struct keg_err *err)
{
	uint32_t inside = id ? *id : 0;

	for (size_t i = 0; i < n; i++) {
		if (inside < maps[i].container_id || inside - maps[i].container_id >= maps[i].size)
			continue;
		*out = maps[i].host_id + (inside - maps[i].container_id);
		return 0;
	}
	return keg_fail(err, KEG_EUSAGE, "id %u is not mapped", inside);
}

static int prepare_node(const struct oci_linux *os, const struct oci_device *d, int folder,
			const char *name, int *out, struct keg_err *err)
{
	const struct mount_place from = { folder, name, true };
	const struct mount_change change = { MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY, 0 };
	struct oci_device mapped = *d;
	uint32_t uid, gid;
	mode_t type = 0;
	int r = type_bits(d, &type, err);

	if (r >= 0 && type == S_IFIFO)
		return 0;
	if (r >= 0)
		r = to_host(d->uid, os->uid_mappings, os->n_uid_mappings, &uid, err);
	if (r >= 0)
		r = to_host(d->gid, os->gid_mappings, os->n_gid_mappings, &gid, err);
	if (r < 0)
		return keg_wrap(err, "device %s", d->path);
	mapped.uid = &uid;
	mapped.gid = &gid;
	r = make_node(&mapped, folder, name, type, err);
	/* In a user namespace already: the host's will be bound. */
	if (r == -KEG_EDENIED)
		return 0;
	if (r < 0)
		return r;
	autofd int tree = mount_clone(&from, false, err);
	if (tree < 0)
		return tree;
	r = mount_set(tree, &change, false, err);
	if (r >= 0)
		*out = take_fd(&tree);
	return r;
}

void devices_forget(const struct oci_linux *os, int folder, const int *nodes)
{
	for (size_t i = 0; i < os->n_devices; i++) {
		autofree char *name = keg_printf("device.%zu", i);

		if (nodes[i] < 0)
			continue;
		close(nodes[i]);
		(void)unlinkat(folder, name, 0);
	}
}

int devices_prepare(const struct oci_linux *os, int folder, int *nodes, struct keg_err *err)
{
	mode_t mask = umask(0);
	int r = 0;

	for (size_t i = 0; i < os->n_devices && r >= 0; i++) {
		autofree char *name = keg_printf("device.%zu", i);

		r = prepare_node(os, &os->devices[i], folder, name, &nodes[i], err);
	}
	umask(mask);
	return r;
}

static int make_device(const struct launch *launch, int root, const struct oci_device *given,
		       int node, struct keg_err *err)
{
	uint64_t userns = (launch->join.fresh | launch->join.existing) & CLONE_NEWUSER;
	/* A slash at the end does not make it a folder. */
	autofree char *path = keg_path_clean(given->path);
	struct oci_device clean = *given;
	const struct oci_device *d = &clean;
	const char *last;
	mode_t type = 0;
	int r = type_bits(d, &type, err);

	if (r < 0)
		return r;
	clean.path = path;
	/* The terminal's link; runc passes over it as well. */
	if (strcmp(d->path, "/dev/ptmx") == 0)
		return 0;
	autofd int above = path_make_parent(root, d->path, &last, err);
	if (above < 0)
		return above;
	if (userns && type != S_IFIFO)
		return bind_device(d, node, above, last, err);
	r = make_node(d, above, last, type, err);
	if (r == -KEG_EDENIED && type != S_IFIFO)
		return bind_device(d, -1, above, last, err);
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

enum dev { DEV_OF_ROOT, DEV_MOUNTED, DEV_BOUND };

static enum dev find_dev(const struct launch *launch)
{
	enum dev found = DEV_OF_ROOT;

	for (size_t i = 0; i < launch->mounts.n; i++) {
		const struct mount_plan *plan = &launch->mounts.v[i];
		autofree char *path = keg_path_clean(plan->destination);

		if (strcmp(path, "/dev") == 0 && found != DEV_BOUND)
			found = plan->bind ? DEV_BOUND : DEV_MOUNTED;
	}
	return found;
}

/* Of an image that nothing is mounted over. What is resolved in the root does no harm outside, but
 * an image with its devices elsewhere is none that was made for this. */
static int refuse_link(int root, struct keg_err *err)
{
	struct stat st;

	if (fstatat(root, "dev", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	return keg_fail(err, KEG_EUSAGE, "/dev of the root file system is a symbolic link");
}

int devices_make(const struct launch *launch, int root, struct keg_err *err)
{
	const struct oci_linux *os = launch->config->os;
	const enum dev dev_is = find_dev(launch);

	if (dev_is == DEV_BOUND)
		return 0;
	int r = dev_is == DEV_OF_ROOT ? refuse_link(root, err) : 0;
	/* The config's come first: of two with one name the first stands. */
	for (size_t i = 0; i < os->n_devices && r >= 0; i++)
		r = make_device(launch, root, &os->devices[i],
				launch->nodes ? launch->nodes[i] : -1, err);
	for (size_t i = 0; i < KEG_COUNT(defaults) && r >= 0; i++)
		r = make_device(launch, root, &defaults[i], -1, err);
	if (r < 0)
		return r;
	autofd int dev = path_make_folder(root, "/dev", 0755, err);
	return dev < 0 ? dev : make_links(dev, err);
}
