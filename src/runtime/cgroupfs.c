/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroupfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/mount.h"
#include "runtime/mount_attrs.h"

enum { CGROUP_TEXT_MAX = 64 << 10 };

static int make_readonly(int tree, struct keg_err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return keg_fail_sys(err, errno, "make the cgroup mount read-only");
	return 0;
}

/* The container's own folder of a hierarchy as a detached bind; KEG_ENOTFOUND: it has none. */
static int clone_folder(const struct launch *launch, const char *controller, uint64_t attrs,
			struct keg_err *err)
{
	autofree char *folder = launch->group ? cgroup_folder(launch->group, controller) : NULL;
	struct mount_attr attr = { .attr_set = attrs };

	if (!folder)
		return keg_fail(err, KEG_ENOTFOUND, "no cgroup folder");
	autofd int tree = open_tree(AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return keg_fail_sys(err, errno, "clone %s", folder);
	if (attrs && mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return keg_fail_sys(err, errno, "set mount attributes of %s", folder);
	return take_fd(&tree);
}

static int mount_v2(const struct launch *launch, int target, const struct mount_opts *opts,
		    struct keg_err *err)
{
	bool own = launch->join.fresh & CLONE_NEWCGROUP;
	autofd int tree = own ? mount_new("cgroup2", "cgroup2", opts->data, opts->n_data,
					  (unsigned)mount_attrs_fresh(opts), err)
			      : clone_folder(launch, "", mount_attrs_fresh(opts), err);

	return tree < 0 ? tree : mount_attach(tree, target, err);
}

/* One hierarchy: "cpu,cpuacct", "name=systemd". */
static int mount_v1(const struct launch *launch, int target, const char *controllers,
		    uint64_t attrs, struct keg_err *err)
{
	auto(keg_strv) words = { 0 };

	keg_strv_split(&words, controllers, ',');
	bool own = launch->join.fresh & CLONE_NEWCGROUP;
	const char *named = keg_str_after(controllers, "name=");
	autofd int tree = own ? mount_new("cgroup", "cgroup", (const char *const *)words.v, words.n,
					  (unsigned)attrs, err)
			      : clone_folder(launch, named ? named : words.v[0], attrs, err);
	return tree < 0 ? tree : mount_attach(tree, target, err);
}

/* The folder of a hierarchy in the tmpfs, with a link for each controller of several. */
static int make_place(int tmpfs, const char *controllers, struct keg_err *err)
{
	const char *named = keg_str_after(controllers, "name=");
	const char *name = named ? named : controllers;
	auto(keg_strv) words = { 0 };

	if (mkdirat(tmpfs, name, 0755) < 0)
		return keg_fail_sys(err, errno, "create cgroup folder %s", name);
	keg_strv_split(&words, controllers, ',');
	for (size_t i = 0; words.n > 1 && i < words.n; i++) {
		if (symlinkat(name, tmpfs, words.v[i]) < 0)
			return keg_fail_sys(err, errno, "link cgroup folder %s", words.v[i]);
	}
	int fd = openat(tmpfs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? keg_fail_sys(err, errno, "open cgroup folder %s", name) : fd;
}

/* A line of /proc/self/cgroup is "4:memory:/path"; v2's has no controllers. */
static int mount_line(const struct launch *launch, int tmpfs, char *line,
		      const struct mount_opts *opts, struct keg_err *err)
{
	char *controllers = strchr(line, ':');
	char *end = controllers ? strchr(controllers + 1, ':') : NULL;
	int r;

	if (!end)
		return 0;
	*end = '\0';
	controllers++;
	autofd int place = make_place(tmpfs, *controllers ? controllers : "unified", err);
	if (place < 0)
		return place;
	r = *controllers ? mount_v1(launch, place, controllers, mount_attrs_fresh(opts), err)
			 : mount_v2(launch, place, opts, err);
	/* A hierarchy that exists but is mounted nowhere, or holds no group of ours: left out. */
	if (r == -KEG_ENOTFOUND)
		return 0;
	return r < 0 ? keg_wrap(err, "cgroup %s", *controllers ? controllers : "v2") : 0;
}

static int mount_all_v1(const struct launch *launch, int target, const struct mount_opts *opts,
			struct keg_err *err)
{
	static const char *const data[] = { "mode=755", "size=64k" };
	uint64_t writable = mount_attrs_fresh(opts) & ~(uint64_t)MOUNT_ATTR_RDONLY;
	const struct mount_opts each = { .flags = opts->flags };
	auto(keg_buf) text = { 0 };
	autofd int tmpfs =
		mount_new("tmpfs", "tmpfs", data, KEG_COUNT(data), (unsigned)writable, err);
	char *save = NULL;

	if (tmpfs < 0)
		return tmpfs;
	int r = mount_attach(tmpfs, target, err);
	if (r >= 0)
		r = keg_file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_TEXT_MAX, &text, err);
	if (r < 0)
		return r;
	for (char *line = strtok_r(text.data, "\n", &save); line && r >= 0;
	     line = strtok_r(NULL, "\n", &save))
		r = mount_line(launch, tmpfs, line, &each, err);
	if (r >= 0 && opts->flags & MS_RDONLY)
		r = make_readonly(tmpfs, err);
	return r;
}

int cgroupfs_mount(const struct launch *launch, int target, const struct mount_opts *opts,
		   struct keg_err *err)
{
	struct stat st;

	/* cgroup.controllers stands only at the root of a v2 hierarchy. */
	if (stat("/sys/fs/cgroup/cgroup.controllers", &st) == 0)
		return mount_v2(launch, target, opts, err);
	return mount_all_v1(launch, target, opts, err);
}
