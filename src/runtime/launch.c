/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "os/process.h"
#include "runtime/credentials.h"
#include "runtime/net_devices.h"
#include "runtime/sync.h"

/* Made by the process itself once it is where they should be: see init.c. */
static const uint64_t made_late = CLONE_NEWCGROUP | CLONE_NEWTIME;
bool launch_needs_parent(const struct launch *launch)
{
	return (launch->join.fresh | launch->join.existing) & CLONE_NEWUSER ||
	       net_devices_any(launch->config->os);
}

bool launch_on_host(const struct launch *launch)
{
	return !(launch->join.fresh & CLONE_NEWNS);
}

const char *launch_cpuset(const struct launch *launch)
{
	const struct oci_resources *resources = launch->config->os->resources;

	return resources && resources->cpu ? resources->cpu->cpus : NULL;
}

int launch_enter_group(const struct launch *launch, struct keg_err *err)
{
	int r = launch->is_moved ? sync_expect(launch->sync, SYNC_GO, NULL, err) : 0;

	if (r < 0 || !launch->group)
		return r;
	return cgroup_enter(launch->group, launch->born_in_group || launch->is_moved, err);
}

/*
 * Enter what a process cannot enter for itself, make the real one, and report its id. Returns in
 * both; *real says in which.
 */
static int between(struct launch *launch, bool *real, struct keg_err *err)
{
	const struct process_clone how = { .flags =
						   (launch->join.fresh & ~made_late) | CLONE_PARENT,
					   .cgroup = -1 };
	int r = launch_enter_group(launch, err);

	launch->group = NULL;
	launch->is_moved = false;
	join_enter_early(&launch->join);
	if (r >= 0 && launch->join.existing & CLONE_NEWUSER) {
		r = join_enter(&launch->join, CLONE_NEWUSER, err);
		if (r >= 0)
			r = credentials_become_root(launch->keep_groups, err);
	}
	/* Others see the process from its first instruction on: see init.c. */
	if (r >= 0 && launch->join.existing & CLONE_NEWPID &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = keg_fail_sys(err, errno, "become undumpable");
	if (r >= 0)
		r = join_enter(&launch->join, CLONE_NEWPID, err);
	if (r < 0)
		return r;

	pid_t pid = process_clone(&how, NULL, err);
	*real = pid == 0;
	/* Its first word must not overtake the one that names it. */
	if (*real)
		return sync_expect(launch->sync, SYNC_GO, NULL, err);
	return pid < 0 ? pid : sync_send(launch->sync, SYNC_PID, pid, err);
}

KEG_NORETURN static void run_between(const struct launch *launch)
{
	struct launch own = *launch;
	struct keg_err err = { 0 };
	bool real = false;
	int r = between(&own, &real, &err);

	if (r < 0)
		sync_send_error(launch->sync, &err);
	else if (real)
		init_run(&own);
	_exit(r < 0);
}

/* What our own user namespace owns has to be joined before a new one is made. */
static bool is_direct(const struct join *join)
{
	if (join->existing & (CLONE_NEWUSER | CLONE_NEWPID))
		return false;
	return !(join->fresh & CLONE_NEWUSER && join->existing);
}

uint64_t launch_parent(const struct runtime_context *ctx)
{
	return ctx->orphan ? (uint64_t)CLONE_PARENT : 0;
}

void launch_forget(const struct runtime_context *ctx, pid_t pid)
{
	struct keg_err ignored;

	if (ctx->orphan)
		ctx->orphan(ctx->sink, pid);
	else
		(void)!process_wait(pid, &ignored);
}

/*
 * Into the group, or, where that is not for us (an ordinary user's session and his systemd's units
 * have only root's groups in common), beside it for somebody else to move.
 */
static pid_t clone_to_group(struct launch *launch, struct process_clone *how, int *pidfd,
			    struct keg_err *err)
{
	pid_t pid = process_clone(how, pidfd, err);

	if (pid != -KEG_EDENIED || how->cgroup < 0 || !launch->move)
		return pid;
	how->cgroup = -1;
	launch->is_moved = true;
	return process_clone(how, pidfd, err);
}

static int move_to_group(const struct launch *launch, int sync_parent, pid_t pid,
			 struct keg_err *err)
{
	int r = launch->is_moved ? launch->move(launch->mover, pid, err) : 0;

	if (r >= 0 && launch->is_moved)
		r = sync_send(sync_parent, SYNC_GO, 0, err);
	if (r < 0) {
		kill(pid, SIGKILL);
		launch_forget(launch->ctx, pid);
	}
	return r;
}

pid_t launch_clone(struct launch *launch, int sync_parent, int *pidfd, struct keg_err *err)
{
	bool direct = is_direct(&launch->join);
	struct process_clone how = {
		.flags =
			launch_parent(launch->ctx) | (direct ? launch->join.fresh & ~made_late : 0),
		.cgroup = launch->born_in_group ? cgroup_clone_fd(launch->group) : -1,
	};
	int64_t real;
	pid_t pid = clone_to_group(launch, &how, direct ? pidfd : NULL, err);

	if (pid == 0) {
		close(sync_parent);
		if (direct)
			init_run(launch);
		run_between(launch);
	}
	if (pid < 0)
		return pid;

	int r = move_to_group(launch, sync_parent, pid, err);
	if (r < 0)
		return r;
	if (direct)
		return pid;

	r = sync_expect(sync_parent, SYNC_PID, &real, err);
	launch_forget(launch->ctx, pid);
	if (r < 0)
		return r;
	r = *pidfd = process_open((pid_t)real, err);
	if (r >= 0)
		r = sync_send(sync_parent, SYNC_GO, 0, err);
	if (r >= 0)
		return (pid_t)real;
	process_end((pid_t)real, *pidfd);
	launch_forget(launch->ctx, (pid_t)real);
	return r;
}
