/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/joining.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "os/cgroup.h"
#include "os/namespace.h"
#include "os/process.h"
#include "os/procfs.h"
#include "runtime/annotations.h"
#include "runtime/command.h"
#include "runtime/console.h"
#include "runtime/credentials.h"
#include "runtime/schedule.h"

/* With the host's privileges still. */
static int enter(struct joining *j, bool cloned, struct keg_err *err)
{
	const struct oci_cpu_affinity *cpus = j->process.exec_cpu_affinity;
	int r = credentials_limit(0, &j->process, j->ctx->rootless, err);

	if (r >= 0)
		r = credentials_limit_files(0, &j->process, err);
	if (r >= 0)
		r = schedule_affinity_initial(cpus, err);
	if (r >= 0 && j->is_moved)
		r = sync_expect(j->sync.child, SYNC_GO, NULL, err);
	if (r >= 0 && j->group)
		r = cgroup_enter(j->group, cloned || j->is_moved, err);
	return r < 0 ? r : schedule_affinity_final(cpus, err);
}

static int join_namespaces(const struct joining *j, uint64_t which, struct keg_err *err)
{
	uint64_t spaces = j->spaces & which;

	if (spaces && setns(j->init, (int)spaces) < 0)
		return keg_fail_sys(err, errno, "enter the container's namespaces");
	if (spaces & CLONE_NEWUSER)
		return credentials_become_root(annotations_keep_groups(&j->container.config), err);
	return 0;
}

/*
 * The root of a container that has no mount namespace of its own: a folder of the host that its
 * first process was confined to. The pidfd says that it was that process' which was opened.
 */
static int open_root(const struct joining *j, int procfs, struct keg_err *err)
{
	autofree char *name = keg_printf("%d/root", (int)j->container.record.pid);
	autofd int root = keg_open_at(procfs, name, O_PATH | O_DIRECTORY, 0, err);

	if (root >= 0 && syscall(SYS_pidfd_send_signal, j->init, 0, NULL, 0) < 0)
		return keg_fail_sys(err, errno, "open the container's root");
	return take_fd(&root);
}

static int enter_root(int root, struct keg_err *err)
{
	if (fchdir(root) < 0 || chroot(".") < 0)
		return keg_fail_sys(err, errno, "change to the container's root");
	return 0;
}

static int load_filter(const struct joining *j, struct keg_err *err)
{
	if (!j->filtered)
		return 0;

	int fd = seccomp_filter_load(&j->filter, err);
	if (fd <= 0)
		return fd;
	int r = sync_send(j->sync.child, SYNC_NOTIFY, fd, err);
	if (r >= 0)
		r = sync_expect(j->sync.child, SYNC_GO, NULL, err);
	close(fd);
	return r;
}

static int become(const struct joining *j, int root, int procfs, struct keg_err *err)
{
	const struct oci_process *process = &j->process;
	const struct oci_linux *os = j->container.config.os;
	struct credentials_how how = { .procfs = procfs,
				       .keep_groups = annotations_keep_groups(&j->container.config),
				       .as_crun = j->container.record.as_crun };
	int r = credentials_label(process, procfs, err);

	if (r >= 0 && os)
		r = schedule_inside(os, err);
	if (r >= 0 && process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = keg_fail_sys(err, errno, "set no_new_privs");
	/* These two use system calls that a filter for programs need not allow. */
	if (r >= 0)
		r = process_pass_descriptors(j->preserved.fds, j->preserved.n, err);
	if (r >= 0)
		r = credentials_enter_folder(process, root, &how.late_folder, err);
	if (r >= 0 && !process->no_new_privileges)
		r = load_filter(j, err);
	return r < 0 ? r : credentials_assume(process, &how, err);
}

static int execute(const struct joining *j, struct keg_err *err)
{
	auto(command) command = { 0 };
	int r = command_prepare(&j->process, &command, err);

	if (r >= 0 && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		r = keg_fail_sys(err, errno, "clear the parent's death signal");
	process_reset_signals();
	if (r >= 0 && j->process.no_new_privileges)
		r = load_filter(j, err);
	return r < 0 ? r : command_exec(&j->process, &command, err);
}

int joining_hide(struct keg_err *err)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
		       ? keg_fail_sys(err, errno, "become undumpable")
		       : 0;
}

/* In the process itself, which is hidden; `left` are the namespaces that it is not in yet. */
static int run_inside(struct joining *j, uint64_t left, struct keg_err *err)
{
	/* Nobody waits for what it does when the runtime was killed. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "set the parent's death signal");
	if (setsid() < 0)
		return keg_fail_sys(err, errno, "lead a session");
	autofd int procfs = procfs_open(err);
	if (procfs < 0)
		return procfs;

	autofd int shared = -1;
	if (!(j->spaces & CLONE_NEWNS)) {
		shared = open_root(j, procfs, err);
		if (shared < 0)
			return shared;
	}
	int r = join_namespaces(j, left, err);
	if (r >= 0 && shared >= 0)
		r = enter_root(shared, err);
	if (r < 0)
		return r;
	autofd int root = keg_open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, err);
	if (root < 0)
		return root;
	if (j->process.terminal)
		r = console_make(root, j->console, &j->process, false, err);
	if (r >= 0)
		r = become(j, root, procfs, err);
	return r < 0 ? r : execute(j, err);
}

KEG_NORETURN static void fail_child(const struct joining *j, const struct keg_err *err)
{
	sync_send_error(j->sync.child, err);
	_exit(1);
}

/* Everything but the pid namespace, in which it was cloned. */
void joining_run(struct joining *j, bool cloned)
{
	struct keg_err err = { 0 };

	close(take_fd(&j->sync.parent));
	int r = enter(j, cloned, &err);
	if (r >= 0)
		r = schedule_apply(0, &j->process, NULL, &err);
	if (r >= 0)
		(void)!run_inside(j, ~(uint64_t)CLONE_NEWPID, &err);
	fail_child(j, &err);
}

/* What the container's user namespace need not own is joined with our privileges. */
static void join_early(struct joining *j)
{
	for (size_t i = 0; i < namespace_n_kinds; i++) {
		uint64_t flag = namespace_kinds[i].flag;

		if (flag & j->spaces & ~(uint64_t)(CLONE_NEWUSER | CLONE_NEWNS) &&
		    setns(j->init, (int)flag) == 0)
			j->spaces &= ~flag;
	}
}

void joining_run_between(struct joining *j, bool cloned)
{
	const struct process_clone how = { .flags = CLONE_PARENT, .cgroup = -1 };
	const uint64_t first = CLONE_NEWUSER | CLONE_NEWPID;
	struct keg_err err = { 0 };

	close(take_fd(&j->sync.parent));
	int r = enter(j, cloned, &err);
	if (r >= 0)
		r = joining_hide(&err);
	if (r >= 0) {
		join_early(j);
		r = join_namespaces(j, first, &err);
	}
	if (r < 0)
		fail_child(j, &err);
	pid_t pid = process_clone(&how, NULL, &err);
	if (pid == 0) {
		/* Its first word must not overtake the one that names it. */
		if (sync_expect(j->sync.child, SYNC_GO, NULL, &err) >= 0)
			(void)!run_inside(j, ~first, &err);
		fail_child(j, &err);
	}
	if (pid < 0 || sync_send(j->sync.child, SYNC_PID, pid, &err) < 0)
		fail_child(j, &err);
	_exit(0);
}
