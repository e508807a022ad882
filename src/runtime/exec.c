/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another process in a running container.
 *
 * The child enters the namespaces by the pidfd of the container's first process, not by names
 * that could become another process' meanwhile. The pid namespace applies to children only, so the
 * caller enters it for the clone and goes back; where a user namespace is to be joined first, a
 * process between does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/bitlist.h"
#include "os/cgroup.h"
#include "os/namespace.h"
#include "os/process.h"
#include "runtime/console.h"
#include "runtime/credentials.h"
#include "runtime/filter.h"
#include "runtime/foreground.h"
#include "runtime/group.h"
#include "runtime/joining.h"
#include "runtime/launch.h"
#include "runtime/notify.h"
#include "runtime/pidfd_socket.h"
#include "runtime/schedule.h"
#include "runtime/validate.h"

static void joining_done(struct joining *j)
{
	const int fds[] = {
		j->init, j->console, j->notify, j->sync.parent, j->sync.child, j->pidfd
	};

	for (size_t i = 0; i < KEG_COUNT(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	cgroup_free(j->group);
	seccomp_filter_done(&j->filter);
	preserved_done(&j->preserved);
	state_container_done(&j->container);
}
KEG_AUTO(joining, joining_done)

/* What the request leaves open is as in the container's own process. */
static int merge_process(struct joining *j, struct keg_err *err)
{
	const struct oci_process *own = j->container.config.process;
	const struct oci_process *want = j->req->process;
	struct oci_process *p = &j->process;

	if (!own)
		return keg_fail(err, KEG_EBUSY, "container is still being created");
	*p = *want;
	if (p->n_args == 0)
		return keg_fail(err, KEG_EUSAGE, "process args cannot be empty");
	if (!p->user)
		p->user = own->user;
	if (!p->env) {
		p->env = own->env;
		p->n_env = own->n_env;
	}
	if (keg_str_empty(p->cwd))
		p->cwd = own->cwd;
	if (!p->capabilities)
		p->capabilities = own->capabilities;
	if (!p->rlimits) {
		p->rlimits = own->rlimits;
		p->n_rlimits = own->n_rlimits;
	}
	if (!p->apparmor_profile)
		p->apparmor_profile = own->apparmor_profile;
	if (!p->selinux_label)
		p->selinux_label = own->selinux_label;
	if (!p->oom_score_adj)
		p->oom_score_adj = own->oom_score_adj;
	if (!p->scheduler)
		p->scheduler = own->scheduler;
	if (!p->io_priority)
		p->io_priority = own->io_priority;
	if (!p->exec_cpu_affinity)
		p->exec_cpu_affinity = own->exec_cpu_affinity;
	/* With crun a process has what its own options say, and not the container's. */
	p->no_new_privileges |= j->req->no_new_privileges ||
				(own->no_new_privileges && !j->container.record.as_crun);
	int r = j->req->amend ? j->req->amend(j->req->amend_data, p, &j->container.arena, err) : 0;
	if (r < 0)
		return r;
	credentials_fit_limits(j->ctx, p, &j->container.arena);
	r = credentials_check(j->ctx, j->container.config.os, p, err);
	return r < 0 ? r : schedule_check(p, err);
}

static int open_init(struct joining *j, struct keg_err *err)
{
	int r = j->init = state_open_process(&j->container.record, err);

	if (r == -KEG_EBUSY)
		return keg_fail(err, KEG_EBUSY, "cannot exec in a stopped container");
	return r;
}

static void say(const struct joining *j, const char *text)
{
	if (j->ctx->debug)
		j->ctx->debug(j->ctx->sink, text);
}

/* The group is looked up once, for this and to be entered. */
static int check_paused(const struct joining *j, struct keg_err *err)
{
	struct keg_err ignored;

	if (cgroup_is_frozen(j->group, &ignored) <= 0)
		return 0;
	if (j->req->ignore_paused) {
		/* No warning: who said so knows, and runc's users compare all that is said. */
		say(j, "the container is paused: the process begins when it is resumed");
		return 0;
	}
	return keg_fail(err, KEG_EBUSY,
			"cannot exec in a paused container (use --ignore-paused to override)");
}

static int open_group(struct joining *j, struct keg_err *err)
{
	const char *place = j->container.record.cgroup;

	if (keg_str_empty(place))
		return 0;
	int r = cgroup_open(place, &j->group, err);
	if (r >= 0)
		r = check_paused(j, err);
	if (j->ctx->no_cgroups) {
		cgroup_free(take_ptr(&j->group));
		return r == -KEG_EBUSY ? r : 0;
	}
	for (size_t i = 0; i < j->req->n_cgroups && r >= 0; i++)
		r = cgroup_go_below(j->group, j->req->cgroups[i], err);
	if (r >= 0)
		r = cgroup_prepare(j->group, err);
	/* An ordinary user may see a group that he may not enter. */
	if (r == -KEG_EDENIED && j->ctx->rootless) {
		cgroup_free(take_ptr(&j->group));
		return 0;
	}
	return r;
}

static int prepare(struct joining *j, const char *id, int console, struct keg_err *err)
{
	int r = preserved_note(j->ctx, j->req->io.preserve_fds, &j->preserved, err);

	if (r >= 0)
		r = state_load(j->ctx, id, &j->container, err);
	if (r >= 0)
		r = open_init(j, err);
	if (r >= 0)
		r = merge_process(j, err);
	if (r >= 0)
		r = console_socket_open(&j->req->io, j->process.terminal, console, &j->console,
					err);
	if (r >= 0)
		r = open_group(j, err);
	if (r >= 0)
		r = filter_load(j->container.folder, &j->filter, err);
	if (r < 0)
		return r;
	j->filtered = r > 0;
	if (j->container.record.filtered && !j->filtered)
		return keg_fail(err, KEG_ECORRUPT, "the container's seccomp filter is missing");
	if (j->filtered && j->filter.notify) {
		const struct oci_linux *os = j->container.config.os;

		if (!os || !os->seccomp)
			return keg_fail(err, KEG_ECORRUPT,
					"the container's seccomp agent is not known");
		j->notify = notify_connect(os->seccomp, err);
		if (j->notify < 0)
			return j->notify;
	}
	r = state_namespaces(&j->container.record, j->init, &j->spaces, err);
	return r < 0 ? r : sync_open(&j->sync, err);
}

/*
 * Only who is privileged over our pid namespace can enter it again: not somebody who is root
 * in a user namespace of his own alone, as an ordinary user's engine is.
 */
static bool may_return(const struct joining *j, int here)
{
	if (j->spaces & CLONE_NEWUSER)
		return false;
	return !(j->spaces & CLONE_NEWPID) || setns(here, CLONE_NEWPID) == 0;
}

/*
 * Clone into the group. Where that is forbidden its manager moves the process; where the group has
 * handed its controllers on to groups below, which the container made, the process goes to where
 * the first one is: cgroups(7), "no internal processes".
 */
static pid_t clone_to_group(struct joining *j, struct process_clone *how, int *pidfd,
			    struct keg_err *err)
{
	pid_t pid = process_clone(how, pidfd, err);

	if (how->cgroup < 0 || (pid != -KEG_EDENIED && pid != -KEG_EBUSY))
		return pid;
	if (pid == -KEG_EBUSY) {
		cgroup_free(take_ptr(&j->group));
		int r = cgroup_open_pid((pid_t)j->container.record.pid, &j->group, err);
		if (r >= 0)
			r = cgroup_prepare(j->group, err);
		if (r < 0)
			return r;
		how->cgroup = cgroup_clone_fd(j->group);
		pid = process_clone(how, pidfd, err);
	}
	if (pid != -KEG_EDENIED || !group_can_move(j->ctx, &j->container.record))
		return pid;
	how->cgroup = -1;
	j->is_moved = true;
	return process_clone(how, pidfd, err);
}

static int move_to_group(struct joining *j, pid_t pid, struct keg_err *err)
{
	int r = j->is_moved ? group_move(j->ctx, &j->container.record, j->group, pid, err) : 0;

	if (r >= 0 && j->is_moved)
		r = sync_send(j->sync.parent, SYNC_GO, 0, err);
	if (r < 0) {
		kill(pid, SIGKILL);
		launch_forget(j->ctx, pid);
	}
	return r;
}

static int clone_direct(struct joining *j, int back, struct process_clone *how, struct keg_err *err)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	int r = joining_hide(err);
	if (r < 0)
		return r;
	if (j->spaces & CLONE_NEWPID && setns(j->init, CLONE_NEWPID) < 0)
		return keg_fail_sys(err, errno, "enter the container's pid namespace");
	j->pid = clone_to_group(j, how, &j->pidfd, err);
	if (j->pid == 0)
		joining_run(j, how->cgroup >= 0);
	if (dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (j->spaces & CLONE_NEWPID && setns(back, CLONE_NEWPID) < 0)
		return keg_fail_sys(err, errno, "return to our pid namespace");
	if (j->pid < 0)
		return j->pid;
	r = move_to_group(j, j->pid, err);
	if (r < 0)
		j->pid = -1; /* ended already */
	return r;
}

static int clone_between(struct joining *j, struct process_clone *how, struct keg_err *err)
{
	int64_t real;
	pid_t pid = clone_to_group(j, how, NULL, err);

	if (pid == 0)
		joining_run_between(j, how->cgroup >= 0);
	if (pid < 0)
		return pid;
	int r = move_to_group(j, pid, err);
	if (r < 0)
		return r;
	r = sync_expect(j->sync.parent, SYNC_PID, &real, err);
	launch_forget(j->ctx, pid);
	if (r < 0)
		return r;
	j->pid = (pid_t)real;
	j->pidfd = process_open(j->pid, err);
	if (j->pidfd < 0)
		return j->pidfd;
	/* It lacks the privileges in its user namespace, and might not have inherited it. */
	r = schedule_apply(j->pid, &j->process, NULL, err);
	return r < 0 ? r : sync_send(j->sync.parent, SYNC_GO, 0, err);
}

/* The processors that it has while it enters the cgroup. */
static void say_affinity(const struct joining *j)
{
	const struct oci_cpu_affinity *cpus = j->process.exec_cpu_affinity;
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;
	struct bitlist mask;

	if (!j->ctx->debug || !cpus || keg_str_empty(cpus->initial) ||
	    bitlist_parse(cpus->initial, &mask, &ignored) < 0)
		return;
	keg_buf_puts(&text, "nsexec: affinity: ");
	bitlist_format_mask(&mask, &text);
	say(j, text.data);
}

/* The end without an error is the exec. */
static int serve(struct joining *j, struct keg_err *err)
{
	const struct notify_process process = { j->pidfd, j->sync.parent, j->pid, "running" };
	int64_t number;

	say(j, "child process in init()");
	say(j, "setns_init: about to exec");
	for (;;) {
		int kind = sync_receive(j->sync.parent, &number, err);
		int r = kind;

		if (kind == SYNC_END)
			return 0;
		if (kind == SYNC_NOTIFY)
			r = notify_pass(&process, number, j->notify, &j->container.record,
					&j->container.config, err);
		else if (kind >= 0)
			r = keg_fail(err, KEG_ESYSTEM, "unexpected message %d", kind);
		if (r < 0)
			return r;
	}
}

static int launch(struct joining *j, struct keg_err *err)
{
	struct process_clone how = {
		.flags = launch_parent(j->ctx),
		.cgroup = j->group && !j->container.record.group_found ? cgroup_clone_fd(j->group)
								       : -1,
	};

	say(j, "nsexec container setup: clone a process into the container's namespaces");
	say_affinity(j);
	autofd int here = keg_open_at(AT_FDCWD, "/proc/self/ns/pid", O_RDONLY, 0, err);
	int r = here;

	if (here >= 0 && may_return(j, here)) {
		r = clone_direct(j, here, &how, err);
	} else if (here >= 0) {
		close(take_fd(&here));
		r = clone_between(j, &how, err);
	}
	close(take_fd(&j->sync.child));
	if (r >= 0 && j->req->io.pidfd_socket)
		r = pidfd_socket_send(j->req->io.pidfd_socket, j->pidfd, "setns", err);
	if (r >= 0)
		r = serve(j, err);
	if (r >= 0)
		return 0;
	if (j->pid > 0) {
		process_end(j->pid, j->pidfd);
		launch_forget(j->ctx, j->pid);
	}
	return keg_wrap(err, "unable to start container process");
}

static int write_pid_file(const struct joining *j, struct keg_err *err)
{
	autofree char *text = keg_printf("%d", (int)j->pid);

	if (!j->req->pid_file)
		return 0;
	return keg_file_write(AT_FDCWD, j->req->pid_file, text, strlen(text), 0644, 0, err);
}

static int start(struct joining *j, const char *id, int console, struct keg_err *err)
{
	int r = prepare(j, id, console, err);

	if (r >= 0)
		r = launch(j, err);
	if (r >= 0)
		r = write_pid_file(j, err);
	if (r >= 0 && j->req->started)
		j->req->started(j->req->data, j->pid);
	return r;
}

int runtime_exec(const struct runtime_context *ctx, const char *id,
		 const struct runtime_exec_request *req, struct keg_err *err)
{
	bool own_terminal =
		req->process->terminal && !req->io.console_socket && req->io.console_fd < 0;
	auto(foreground) f = { 0 };
	auto(joining) j = { .ctx = ctx,
			    .req = req,
			    .container = { .folder = -1 },
			    .init = -1,
			    .console = -1,
			    .notify = -1,
			    .sync = { -1, -1 },
			    .pidfd = -1,
			    .pid = -1 };

	if (req->detach)
		return start(&j, id, -1, err);
	int r = foreground_open(&f, own_terminal, err);
	if (r >= 0)
		r = start(&j, id, f.console[1], err);
	if (r >= 0)
		r = foreground_attach(&f, err);
	return r < 0 ? r : foreground_wait(&f, j.pidfd, j.pid, err);
}
