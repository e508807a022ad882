/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_plan.h - the mounts of a config, read and checked, with the sources of binds opened.
 *
 * Sources are opened before the container's root is attached, as a clone of "/" would hold that
 * otherwise; by the parent where the child, root only of its own user namespace, could not reach
 * them. But a source inside the container's root is opened when its turn comes, below the root: it
 * may be what an earlier mount put there.
 */
#ifndef KEG_RUNTIME_MOUNT_PLAN_H
#define KEG_RUNTIME_MOUNT_PLAN_H

#include "runtime/join.h"
#include "runtime/mount_opts.h"
#include "spec/runtime_config.h"

struct mount_plan {
	const struct oci_mount *mount;
	struct mount_opts opts;
	bool bind;
	const char *destination; /* as the container sees it */
	const char *inside;	 /* the source as the container sees it, when it is in the root */
	const char *link;	 /* what to link to, where a link is to be made and no mount */
	int source;		 /* a detached tree, or -1; of a file system: it, once attached */
	int userns;		 /* whose id maps the source shows, or -1 */
};

struct mount_plans {
	struct mount_plan *v;
	size_t n;
};

/* What a plan is made from. */
struct mount_plan_request {
	const struct oci_config *config;
	const struct join *join;
	const char *rootfs; /* absolute; NULL when the root is no folder */
	int bundle;	    /* the folder that relative sources are in */
};

/*
 * All lives in the arena but for the descriptors, which mount_plans_close() closes. With
 * id maps on a mount, a user namespace is made that has them; no process stays in it.
 */
int mount_plans_make(const struct mount_plan_request *req, struct mount_plans *out,
		     struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;
void mount_plans_close(const struct mount_plans *plans);

/*
 * Open the sources that are on the host. With `for_other` the mounts will be used by a process in
 * another user namespace: they are cut off from ours, and show the mapped ids from now on.
 */
int mount_plans_open(const struct mount_plans *plans, int bundle, bool for_other,
		     struct keg_err *err) KEG_MUST_CHECK;

/* Show the mapped ids at a source of `plan`. */
int mount_plan_map(const struct mount_plan *plan, int source, struct keg_err *err) KEG_MUST_CHECK;

#endif
