/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything goes through the descriptor-based mount calls (Linux 5.12): a file system is made,
 * or a source cloned, detached; changed while nobody sees it; and only then moved onto a target
 * that was resolved inside the container's root. No path is looked up twice, so a container
 * that swaps a directory for a symlink in between gains nothing (CVE-2021-30465).
 */
#include "runtime/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/label.h"
#include "os/mount.h"
#include "os/path.h"
#include "runtime/annotations.h"
#include "runtime/cgroupfs.h"
#include "runtime/copy_up.h"
#include "runtime/mount_attrs.h"
#include "runtime/mount_target.h"
#include "runtime/sync.h"

/* fsconfig(2) takes values of at most 255 bytes; mount(2) takes a page. */
enum { FSCONFIG_MAX = 255, PAGE = 4096 };

/* A source in the root, which is there by now, for a mount at another place of it. */
static int open_inside(int root, const struct mount_plan *plan, struct keg_err *err)
{
	int flags = O_PATH | (plan->opts.src_nofollow ? O_NOFOLLOW : 0);
	autofd int place = path_open_in_root(root, plan->inside, flags, err);
	const struct mount_place from = { place, "", false };

	return place < 0 ? place : mount_clone(&from, plan->opts.recursive, err);
}

/* Root of a user namespace may not map ids: the parent does it, for a descriptor of ours. */
static int map_ids(const struct launch *launch, size_t i, int tree, struct keg_err *err)
{
	const struct mount_plan *plan = &launch->mounts.v[i];
	int r;

	if (plan->userns < 0 || !launch->for_userns)
		return mount_plan_map(plan, tree, err);
	r = sync_send(launch->sync, SYNC_MAP_IDS, (int64_t)i << 32 | tree, err);
	return r < 0 ? r : sync_expect(launch->sync, SYNC_GO, NULL, err);
}

static int set_attrs(const struct launch *launch, const struct mount_plan *plan, int tree,
		     struct keg_err *err)
{
	const struct mount_change deep = { plan->opts.deep_clr, plan->opts.deep_set };
	struct mount_change change = mount_attrs_bind(&plan->opts);
	/* What the parent opened for us is not locked by the kernel, but is to be all the same. */
	bool locked = launch->for_userns && !plan->inside;
	int r = locked ? 0 : mount_set(tree, &change, false, err);

	if (locked || (r == -KEG_EDENIED && change.clr)) {
		struct statvfs now;

		if (fstatvfs(tree, &now) < 0)
			return keg_fail_sys(err, errno, "look at the mount");
		r = mount_attrs_locked(&plan->opts, now.f_flag, &change, err);
		if (r >= 0)
			r = mount_set(tree, &change, false, err);
	}
	return r < 0 ? r : mount_set(tree, &deep, true, err);
}

static int attach(const struct mount_plan *plan, int tree, int target, struct keg_err *err)
{
	int r = mount_attach(tree, target, err);

	/* After the move only: attaching below a shared mount would make it shared again. */
	return r < 0 ? r : mount_propagate(tree, plan->opts.propagation, err);
}

static int bind_one(const struct launch *launch, int root, size_t i, struct keg_err *err)
{
	struct mount_plan *plan = &launch->mounts.v[i];
	autofd int inside = plan->inside ? open_inside(root, plan, err) : -1;
	int tree = plan->inside ? inside : plan->source;
	struct stat st;

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return keg_fail_sys(err, errno, "look at %s", plan->mount->source);
	autofd int target = mount_target_open(root, plan, S_ISDIR(st.st_mode), NULL, err);
	if (target < 0)
		return target;

	int r = set_attrs(launch, plan, tree, err);
	if (r >= 0)
		r = map_ids(launch, i, tree, err);
	return r < 0 ? r : attach(plan, tree, target, err);
}

/* The link that the source is, at the destination. */
static int link_one(int root, const struct mount_plan *plan, struct keg_err *err)
{
	const char *last;
	autofree char *there = NULL;
	autofd int above = path_make_parent(root, plan->destination, &last, err);

	if (above < 0)
		return above;
	/* One may have been left by an earlier container of this root. */
	if (symlinkat(plan->link, above, last) == 0 ||
	    (errno == EEXIST && keg_readlink(above, last, &there, err) >= 0 &&
	     strcmp(there, plan->link) == 0))
		return 0;
	return keg_fail_sys(err, EEXIST, "make link %s", plan->destination);
}

/* Change what is mounted there: the mount alone, never what others share of its file system. */
static int remount(int root, const struct mount_plan *plan, struct keg_err *err)
{
	struct mount_change change = mount_attrs_bind(&plan->opts);
	const struct mount_change deep = { plan->opts.deep_clr, plan->opts.deep_set };
	autofd int target = mount_target_open(root, plan, true, NULL, err);
	int r = 0;

	if (target < 0)
		return target;
	if (!mount_is_root(target))
		return keg_fail(err, KEG_EUSAGE, "remount: %s is no mount", plan->destination);
	if (plan->opts.n_data > 0)
		r = mount_reconfigure(target, plan->opts.data, plan->opts.n_data, err);
	if (r >= 0)
		r = mount_set(target, &change, false, err);
	if (r >= 0)
		r = mount_set(target, &deep, true, err);
	return r < 0 ? r : mount_propagate(target, plan->opts.propagation, err);
}

/* Values that exceed fsconfig's, as long overlay folders do, go through mount(2). */
static int mount_long(const struct mount_plan *plan, const struct mount_opts *opts, int target,
		      struct keg_err *err)
{
	const struct oci_mount *m = plan->mount;
	const unsigned long known = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW |
				    MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
	auto(keg_buf) data = { 0 };
	char path[PATH_FD_MAX];

	for (size_t i = 0; i < opts->n_data; i++)
		keg_buf_printf(&data, "%s%s", i ? "," : "", opts->data[i]);
	if (data.len >= PAGE)
		return keg_fail(err, KEG_EUSAGE, "mount options exceed %d bytes", PAGE - 1);
	if (mount(m->source, path_of_fd(target, path), m->type, opts->flags & known, data.data) < 0)
		return keg_fail_sys(err, errno, "mount file system %s", m->type);
	return 0;
}

static bool has_long_value(const struct mount_opts *opts)
{
	for (size_t i = 0; i < opts->n_data; i++) {
		const char *equals = strchr(opts->data[i], '=');

		if (equals && strlen(equals + 1) > FSCONFIG_MAX)
			return true;
	}
	return false;
}

/* A tmpfs looks like the folder that it covers, if there was one, unless told otherwise. */
static void inherit_mode(int target, struct mount_opts *opts, struct keg_arena *arena)
{
	struct stat st;

	if (!mount_opts_data(opts, "mode") && fstat(target, &st) == 0)
		mount_opts_add_data(opts, keg_arena_printf(arena, "mode=%o", st.st_mode & 07777U),
				    arena);
}

static void add_label(const struct oci_config *config, const struct oci_mount *m,
		      struct mount_opts *opts, struct keg_arena *arena)
{
	/* What has no labels of its own is labelled as a whole; /proc and /sys have theirs. */
	if (keg_str_empty(config->os->mount_label) || !label_selinux_enabled() ||
	    keg_str_eq(m->type, "proc") || keg_str_eq(m->type, "sysfs"))
		return;
	mount_opts_add_data(opts,
			    keg_arena_printf(arena, "%s=%s", annotations_mount_context(config),
					     config->os->mount_label),
			    arena);
}

static int mount_fs(const struct launch *launch, int root, struct mount_plan *plan,
		    struct keg_err *err)
{
	const struct oci_mount *m = plan->mount;
	const struct mount_change deep = { plan->opts.deep_clr, plan->opts.deep_set };
	bool is_tmpfs = keg_str_eq(m->type, "tmpfs"), made;
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = plan->opts;
	autofd int target = mount_target_open(root, plan, true, &made, err);
	int r = 0;

	if (target < 0)
		return target;
	if (is_tmpfs && !made)
		inherit_mode(target, &opts, &arena);
	add_label(launch->config, m, &opts, &arena);
	if (has_long_value(&opts))
		return mount_long(plan, &opts, target, err);

	/* Read-only comes last: what is copied up, or mounted in a tmpfs, must still be written. */
	const struct mount_change readonly = { 0, mount_attrs_fresh(&opts) & MOUNT_ATTR_RDONLY };
	unsigned attrs = (unsigned)(mount_attrs_fresh(&opts) & ~readonly.set);
	autofd int tree = mount_new(m->type, m->source, opts.data, opts.n_data, attrs, err);
	if (tree < 0)
		return tree;
	if (opts.copy_up && is_tmpfs)
		r = copy_up(target, tree, err);
	if (r >= 0 && !is_tmpfs)
		r = mount_set(tree, &readonly, false, err);
	if (r >= 0)
		r = mount_set(tree, &deep, true, err);
	if (r >= 0)
		r = attach(plan, tree, target, err);
	if (r >= 0 && is_tmpfs && readonly.set)
		plan->source = take_fd(&tree);
	return r;
}

static int mount_cgroups(const struct launch *launch, int root, const struct mount_plan *plan,
			 struct keg_err *err)
{
	autofd int target = mount_target_open(root, plan, true, NULL, err);

	return target < 0 ? target : cgroupfs_mount(launch, target, &plan->opts, err);
}

static int make_one(const struct launch *launch, int root, size_t i, struct keg_err *err)
{
	struct mount_plan *plan = &launch->mounts.v[i];
	const char *type = plan->mount->type;

	if (plan->opts.remount)
		return remount(root, plan, err);
	if (plan->link)
		return link_one(root, plan, err);
	if (plan->bind)
		return bind_one(launch, root, i, err);
	if (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0)
		return mount_cgroups(launch, root, plan, err);
	return mount_fs(launch, root, plan, err);
}

int mounts_make(const struct launch *launch, int root, struct keg_err *err)
{
	for (size_t i = 0; i < launch->mounts.n; i++) {
		const struct oci_mount *m = launch->mounts.v[i].mount;

		if (make_one(launch, root, i, err) < 0)
			return keg_wrap(err,
					"error during container init: error mounting \"%s\" to "
					"rootfs at \"%s\"",
					m->source ? m->source
					: m->type ? m->type
						  : "none",
					m->destination);
	}
	return 0;
}

int mounts_finish(const struct launch *launch, struct keg_err *err)
{
	const struct mount_change readonly = { 0, MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < launch->mounts.n; i++) {
		const struct mount_plan *plan = &launch->mounts.v[i];

		if (!plan->bind && plan->source >= 0 &&
		    mount_set(plan->source, &readonly, false, err) < 0)
			return keg_wrap(err, "make %s read-only", plan->destination);
	}
	mount_plans_close(&launch->mounts);
	return 0;
}
