/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - what the parent prepared for a process that it is about to clone.
 *
 * The child inherits it as memory. All descriptors are close-on-exec and the parent's to close.
 */
#ifndef KEG_RUNTIME_LAUNCH_H
#define KEG_RUNTIME_LAUNCH_H

#include "os/cgroup.h"
#include "os/seccomp.h"
#include "runtime/hooks.h"
#include "runtime/join.h"
#include "runtime/mount_plan.h"
#include "runtime/preserved.h"
#include "runtime/runtime.h"

struct launch {
	const struct runtime_context *ctx;
	const char *id;
	const struct oci_config *config; /* `os` and `process` are there */
	const struct oci_process *process;
	const char *bundle, *rootfs; /* absolute */
	int rootfs_mount;	     /* the root as a detached mount, or -1 */
	struct mount_plans mounts;
	int *nodes;	 /* of the config's devices, made by the parent; NULL: none are */
	bool for_userns; /* root and sources were opened by the parent, who may */
	struct join join;
	struct cgroup *group; /* NULL: none */
	bool born_in_group;   /* the clone puts it into the v2 group */
	/* Where we may not put it there ourselves, who can; NULL: nobody. */
	int (*move)(void *mover, pid_t pid, struct keg_err *err);
	void *mover;
	bool is_moved; /* set by launch_clone(): that was so, and GO says when it is done */
	int delegated; /* cgroup.procs of a group below, entered once its namespace is made; or -1
			*/
	const struct seccomp_filter *filter; /* NULL: none */
	int sync;			     /* the child's end */
	int start;   /* the listening socket to wait at, or -1: GO comes by `sync` */
	int console; /* a socket that wants the terminal, or -1 */
	int notify;  /* a socket that wants the seccomp listener, or -1 */
	struct hooks_output hooks_output;
	struct preserved preserved;
	bool no_pivot, no_new_keyring;
	bool in_new_userns;
	bool keep_groups;
};

/*
 * In a user namespace of its own or another's the process lacks the host's privileges: the parent
 * writes the maps, sets limits and scheduling, and says GO. So it does after moving network
 * devices, which sysctls may name.
 */
bool launch_needs_parent(const struct launch *launch);
/* No mount namespace of its own: its mounts are made on the host. */
bool launch_on_host(const struct launch *launch);
/* What limits and scheduling need to be told: the cpuset, or NULL. */
const char *launch_cpuset(const struct launch *launch);

/*
 * Clone the first process with its namespaces; returns its id and the caller owns *pidfd. Where a
 * user or pid namespace is joined, or others from within a new user namespace, a process between
 * enters them first and ends at once.
 */
pid_t launch_clone(struct launch *launch, int sync_parent, int *pidfd,
		   struct keg_err *err) KEG_MUST_CHECK;

/* The flags that make a clone the child of who shall wait for it, and the end of one that is no
 * result. */
uint64_t launch_parent(const struct runtime_context *ctx);
void launch_forget(const struct runtime_context *ctx, pid_t pid);

/* In the child: be in the container's groups. */
int launch_enter_group(const struct launch *launch, struct keg_err *err) KEG_MUST_CHECK;

/* In the child: all up to the exec; reports by `sync` and does not return. */
KEG_NORETURN void init_run(const struct launch *launch);

#endif
