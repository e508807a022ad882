/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts come to a container that runs, and go again. Sources are cloned while we are on the host,
 * and the container's root is opened there, by its first process; then a process of ours enters
 * its namespaces, and one more, in its pid namespace, mounts: what "proc" shows is decided by who
 * mounts it. No name is resolved on the host after that, nor on the way by the container's /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"
#include "base/lock.h"
#include "base/strv.h"
#include "os/namespace.h"
#include "os/path.h"
#include "os/process.h"
#include "runtime/mounts.h"
#include "runtime/state.h"
#include "runtime/sync.h"

struct change {
	const struct runtime_context *ctx;
	struct state_container container;
	struct oci_config config; /* its own, with the mounts that are asked for */
	bool add;
	int pidfd, root;
	int sync;
};

/* The list as the member of a configuration, so that one table reads both. */
static int parse(struct json_object *list, struct oci_config *out, struct keg_arena *arena,
		 struct keg_err *err)
{
	autojson doc = json_object_new_object();
	struct oci_config parsed = { 0 };

	if (!json_object_is_type(list, json_type_array))
		return keg_fail(err, KEG_EUSAGE, "mounts must be an array");
	keg_json_put_str(doc, "ociVersion", OCI_RUNTIME_VERSION);
	json_object_object_add(doc, "mounts", json_object_get(list));
	int r = oci_config_decode(doc, &parsed, arena, err);
	out->mounts = parsed.mounts;
	out->n_mounts = parsed.n_mounts;
	for (size_t i = 0; r >= 0 && i < out->n_mounts; i++) {
		const struct oci_mount *m = &out->mounts[i];

		if (keg_str_empty(m->destination) || m->destination[0] != '/')
			r = keg_fail(err, KEG_EUSAGE, "mounts[%zu]: destination is not absolute",
				     i);
		else if (keg_str_eq(m->type, "cgroup") || keg_str_eq(m->type, "cgroup2"))
			r = keg_fail(err, KEG_EUNSUPPORTED,
				     "mounts[%zu]: %s cannot be added to a running container", i,
				     m->type);
	}
	return r;
}

/*
 * The name below its folder: neither the folder nor the name may lead out or elsewhere, and the
 * folder is where we are while the name is used.
 */
static int detach(int root, const char *destination, struct keg_err *err)
{
	autofree char *path = keg_strdup(destination);
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	char *slash = strrchr(path, '/');
	const char *name = slash + 1;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return keg_fail(err, KEG_EUSAGE, "%s cannot be removed", destination);
	slash[0] = '\0';
	autofd int folder =
		path_open_in_root(root, slash == path ? "/" : path, O_PATH | O_DIRECTORY, err);
	if (folder < 0)
		return folder;
	if (fchdir(folder) < 0)
		return keg_fail_sys(err, errno, "change to the folder of %s", destination);
	if (umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "unmount %s", destination);
	return 0;
}

/* The last one first: it may lie in another. */
static int detach_all(const struct change *change, size_t n, struct keg_err *err)
{
	for (size_t i = n; i-- > 0;) {
		int r = detach(change->root, change->config.mounts[i].destination, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* All, or none. */
static int attach_all(const struct change *change, const struct mount_plans *plans,
		      struct keg_err *err)
{
	for (size_t i = 0; i < change->config.n_mounts; i++) {
		const struct launch launch = { .ctx = change->ctx,
					       .id = change->container.record.id,
					       .config = &change->config,
					       .process = change->config.process,
					       .bundle = change->container.record.bundle,
					       .rootfs = change->container.record.rootfs,
					       .rootfs_mount = -1,
					       .mounts = { &plans->v[i], 1 } };

		int r = mounts_make(&launch, change->root, err);
		if (r >= 0)
			r = mounts_finish(&launch, err);
		if (r < 0) {
			struct keg_err ignored;

			(void)!detach_all(change, i, &ignored);
			return r;
		}
	}
	return 0;
}

static int enter(const struct change *change, struct keg_err *err)
{
	/* What decides what a file system shows; the ids' only where we have no power without. */
	uint64_t want = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC, spaces = 0;

	if (geteuid() != 0 || namespace_user_is_partial())
		want |= CLONE_NEWUSER;
	if (state_namespaces(&change->container.record, change->pidfd, &spaces, err) < 0)
		return -(int)err->code;
	if (setns(change->pidfd, (int)(spaces & want)) < 0)
		return keg_fail_sys(err, errno, "enter the container's namespaces");
	return 0;
}

static int open_sources(const struct change *change, struct mount_plans *plans,
			struct keg_arena *arena, struct keg_err *err)
{
	const struct join none = { 0 };
	const struct mount_plan_request req = {
		.config = &change->config,
		.join = &none,
		.rootfs = change->container.record.rootfs,
		.bundle = AT_FDCWD,
	};
	int r = mount_plans_make(&req, plans, arena, err);

	return r < 0 ? r : mount_plans_open(plans, AT_FDCWD, true, err);
}

static int work(const struct change *change, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct mount_plans plans = { 0 };
	int r = 0;

	/* No process of the container may trace us: it could have what we hold. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "become undumpable");
	/* Relative sources are in the bundle, as they were at the creation. */
	if (chdir(change->container.record.bundle) < 0)
		return keg_fail_sys(err, errno, "change to bundle %s",
				    change->container.record.bundle);
	if (change->add)
		r = open_sources(change, &plans, &arena, err);
	if (r >= 0)
		r = enter(change, err);
	if (r < 0)
		return r;
	pid_t inner = process_clone(&(struct process_clone){ .cgroup = -1 }, NULL, err);
	if (inner != 0)
		return inner < 0 ? inner : process_wait(inner, err);
	r = change->add ? attach_all(change, &plans, err)
			: detach_all(change, change->config.n_mounts, err);
	if (r < 0)
		sync_send_error(change->sync, err);
	else if (sync_send(change->sync, SYNC_READY, 0, err) < 0)
		r = -(int)err->code;
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int run_worker(struct change *change, struct keg_err *err)
{
	struct sync_pair sync;
	int r = sync_open(&sync, err);

	if (r < 0)
		return r;
	pid_t pid = process_clone(&(struct process_clone){ .cgroup = -1 }, NULL, err);
	if (pid == 0) {
		struct keg_err failed = { 0 };

		close(sync.parent);
		change->sync = sync.child;
		r = work(change, &failed);
		if (r < 0)
			sync_send_error(sync.child, &failed);
		_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	close(sync.child);
	r = pid < 0 ? (int)pid : sync_expect(sync.parent, SYNC_READY, NULL, err);
	close(sync.parent);
	if (pid > 0) {
		struct keg_err ignored;

		(void)!process_wait(pid, &ignored);
	}
	return r;
}

/* Its root as its first process has it; the pidfd, opened before, says that it was this one. */
static int open_container(struct change *change, struct keg_err *err)
{
	char path[64];
	int r = change->pidfd = state_open_process(&change->container.record, err);

	if (r < 0)
		return r;
	keg_format(path, sizeof path, "/proc/%lld/root", (long long)change->container.record.pid);
	r = change->root = keg_open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, err);
	if (r >= 0 && !state_is_alive(&change->container.record))
		return keg_fail(err, KEG_EBUSY, "container not running");
	return r;
}

static int change_mounts(const struct runtime_context *ctx, const char *id,
			 struct json_object *list, bool add, struct keg_err *err)
{
	struct change change = {
		.ctx = ctx, .container = { .folder = -1 }, .add = add, .pidfd = -1, .root = -1
	};
	int r = state_load(ctx, id, &change.container, err);

	if (r >= 0)
		r = keg_lock_flock(change.container.folder, KEG_LOCK_EXCLUSIVE, err);
	if (r >= 0) {
		change.config = change.container.config;
		r = parse(list, &change.config, &change.container.arena, err);
	}
	if (r >= 0)
		r = open_container(&change, err);
	if (r >= 0)
		r = run_worker(&change, err);
	if (change.root >= 0)
		close(change.root);
	if (change.pidfd >= 0)
		close(change.pidfd);
	state_container_done(&change.container);
	return r < 0 ? r : 0;
}

int runtime_mounts_add(const struct runtime_context *ctx, const char *id, struct json_object *list,
		       struct keg_err *err)
{
	return change_mounts(ctx, id, list, true, err);
}

int runtime_mounts_remove(const struct runtime_context *ctx, const char *id,
			  struct json_object *list, struct keg_err *err)
{
	return change_mounts(ctx, id, list, false, err);
}
