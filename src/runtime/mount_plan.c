/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_plan.h"

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
#include "runtime/mount_ids.h"

/* What of an absolute path lies below `rootfs`, or NULL. */
static const char *below(const char *path, const char *rootfs)
{
	const char *rest = rootfs ? keg_str_after(path, rootfs) : NULL;

	return rest && (!*rest || *rest == '/') ? rest : NULL;
}

/* runc takes a destination that begins with the host's name of the root as one within it. */
static const char *destination_of(const struct oci_mount *m, const char *rootfs,
				  struct keg_arena *arena)
{
	autofree char *path = keg_path_clean(m->destination);
	const char *rest = below(path, rootfs);

	if (!rest)
		return m->destination;
	return keg_arena_strdup(arena, *rest ? rest : "/");
}

/* The id maps, as a user namespace; none where the mount wants none. */
static int open_ids(const struct mount_plan_request *req, struct mount_plan *plan,
		    struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct idmap map;
	int r;

	if (!mount_ids_wanted(plan->mount, &plan->opts))
		return 0;
	if (!plan->bind)
		return keg_fail(err, KEG_EUSAGE,
				"id-mapped mounts are only supported for bind-mounts");
	if (geteuid() != 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"id-mapped mounts are not supported for rootless containers");
	r = mount_ids_of(req->config, req->join, plan->mount, &plan->opts, &map, &arena, err);
	if (r < 0)
		return r;
	plan->userns = map.n_uids > 0 ? idmap_namespace(&map, err)
				      : join_dup(req->join, CLONE_NEWUSER, err);
	return plan->userns < 0 ? keg_wrap(err, "idmap") : 0;
}

static int check_bind(const struct mount_plan *plan, struct keg_err *err)
{
	const struct mount_opts *opts = &plan->opts;

	/* The kernel would ignore it: such options belong to the file system, not to a mount. */
	if (plan->bind && opts->foreign)
		return keg_fail(err, KEG_EUSAGE,
				"bind mounts cannot have any filesystem-specific options applied: "
				"\"%s\"",
				opts->foreign);
	if (plan->bind && opts->copy_symlink && (opts->src_nofollow || opts->dest_nofollow))
		return keg_fail(err, KEG_EUSAGE,
				"copy-symlink excludes src-nofollow and dest-nofollow");
	if (!plan->bind && (opts->copy_symlink || opts->src_nofollow))
		return keg_fail(err, KEG_EUSAGE,
				"copy-symlink and src-nofollow are for bind mounts");
	if (opts->copy_up && !keg_str_eq(plan->mount->type, "tmpfs"))
		return keg_fail(err, KEG_EUSAGE, "tmpcopyup is for tmpfs mounts");
	if (!plan->bind && !opts->remount && keg_str_empty(plan->mount->type))
		return keg_fail(err, KEG_EUSAGE, "no file system type");
	return 0;
}

static int read_link(const struct mount_plan_request *req, struct mount_plan *plan,
		     struct keg_arena *arena, struct keg_err *err)
{
	autofree char *target = NULL;
	struct stat st;

	if (fstatat(req->bundle, plan->mount->source, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "look at %s", plan->mount->source);
	if (!S_ISLNK(st.st_mode))
		return 0;
	int r = keg_readlink(req->bundle, plan->mount->source, &target, err);
	if (r >= 0)
		plan->link = keg_arena_strdup(arena, target);
	return r;
}

static int plan_one(const struct mount_plan_request *req, const struct oci_mount *m,
		    struct mount_plan *plan, struct keg_arena *arena, struct keg_err *err)
{
	int r;

	*plan = (struct mount_plan){ .mount = m, .source = -1, .userns = -1 };
	mount_opts_parse(&plan->opts, m->options, m->n_options, arena);
	plan->bind = plan->opts.bind || keg_str_eq(m->type, "bind");
	plan->destination = destination_of(m, req->rootfs, arena);
	r = check_bind(plan, err);
	if (r >= 0 && plan->bind && !plan->opts.remount && keg_str_empty(m->source))
		r = keg_fail(err, KEG_EUSAGE, "no source");
	if (r >= 0 && plan->opts.copy_symlink)
		r = read_link(req, plan, arena, err);
	if (r >= 0)
		r = open_ids(req, plan, err);
	if (r < 0 || !plan->bind || keg_str_empty(m->source))
		return r;
	autofree char *source = keg_path_clean(m->source);
	const char *rest = below(source, req->rootfs);
	if (rest)
		plan->inside = keg_arena_strdup(arena, *rest ? rest : "/");
	return 0;
}

int mount_plans_make(const struct mount_plan_request *req, struct mount_plans *out,
		     struct keg_arena *arena, struct keg_err *err)
{
	const struct oci_config *config = req->config;

	*out = (struct mount_plans){ .v = keg_arena_alloc(arena, config->n_mounts + 1,
							  sizeof *out->v) };
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *m = &config->mounts[i];

		out->n = i + 1;
		if (plan_one(req, m, &out->v[i], arena, err) < 0)
			return keg_wrap(err, "invalid mount at %s", m->destination);
	}
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void mount_plans_close(const struct mount_plans *plans)
{
	for (size_t i = 0; i < plans->n; i++) {
		close_one(&plans->v[i].source);
		close_one(&plans->v[i].userns);
	}
}

int mount_plan_map(const struct mount_plan *plan, int source, struct keg_err *err)
{
	return plan->userns < 0 ? 0
				: mount_map_ids(source, plan->userns, plan->opts.deep_idmap, err);
}

static int open_source(struct mount_plan *plan, int bundle, bool for_other, struct keg_err *err)
{
	const struct mount_place from = { bundle, plan->mount->source, plan->opts.src_nofollow };
	autofd int tree = mount_clone(&from, plan->opts.recursive, err);
	int r = 0;

	if (tree < 0)
		return tree;
	if (for_other) {
		r = mount_propagate(tree, MS_SLAVE | MS_REC, err);
		if (r >= 0)
			r = mount_plan_map(plan, tree, err);
		close_one(&plan->userns);
	}
	if (r >= 0)
		plan->source = take_fd(&tree);
	return r;
}

int mount_plans_open(const struct mount_plans *plans, int bundle, bool for_other,
		     struct keg_err *err)
{
	for (size_t i = 0; i < plans->n; i++) {
		struct mount_plan *plan = &plans->v[i];

		if (!plan->bind || plan->opts.remount || plan->inside || plan->link)
			continue;
		if (open_source(plan, bundle, for_other, err) < 0)
			return keg_wrap(err, "error mounting \"%s\" to rootfs at \"%s\"",
					plan->mount->source, plan->mount->destination);
	}
	return 0;
}
