/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's first process does between clone and exec.
 *
 * The order matters:
 *  1. It moves itself into its cgroups, whose files the parent opened: later it could not. Where
 *     only the manager may move it, it waits for that.
 *  2. Limits and scheduling are set with the host's privileges. In a user namespace the
 *     process has none, so there the parent sets them, with the id maps, and says GO.
 *  3. It joins namespaces, then makes those that depend on where it is: the cgroup namespace
 *     shows the group that it is in when it is made; time offsets are written before anybody
 *     lives in the time namespace.
 *  4. The mount namespace is cut off from the host, the root attached over "/" and filled. All
 *     names still mean the host's here; what is the container's is reached through the root's
 *     descriptor only.
 *  5. Hooks: the parent's (runtime namespace), then createContainer here.
 *  6. Masks, terminal, and the root is entered: from here on the host is out of reach but for
 *     open descriptors, which are all close-on-exec.
 *  7. Labels, keyring, user, capabilities. A seccomp filter without no_new_privs needs
 *     CAP_SYS_ADMIN, so it comes before; with it, as late as can be, so that it need not allow
 *     what happens here.
 *  8. READY; wait for start; startContainer hooks, as confined as the program; exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/label.h"
#include "os/namespace.h"
#include "os/path.h"
#include "os/process.h"
#include "os/procfs.h"
#include "os/sched.h"
#include "runtime/command.h"
#include "runtime/console.h"
#include "runtime/credentials.h"
#include "runtime/devices.h"
#include "runtime/fresh.h"
#include "runtime/hooks.h"
#include "runtime/launch.h"
#include "runtime/masks.h"
#include "runtime/mounts.h"
#include "runtime/rootfs.h"
#include "runtime/schedule.h"
#include "runtime/state.h"
#include "runtime/sync.h"
#include "runtime/sysctl.h"

enum { EXIT_OWN_ERROR = 1 };

static int enter_groups_and_namespaces(const struct launch *launch, struct keg_err *err)
{
	const uint64_t late = CLONE_NEWUSER | CLONE_NEWPID; /* done before this process was made */
	int r = launch_enter_group(launch, err);

	sched_affinity_reset();
	if (r >= 0 && launch_needs_parent(launch))
		r = sync_expect(launch->sync, SYNC_GO, NULL, err);
	else if (r >= 0)
		r = schedule_apply(0, launch->process, launch_cpuset(launch), err);
	if (r >= 0 && launch->in_new_userns)
		r = credentials_become_root(launch->keep_groups, err);
	if (r >= 0)
		r = join_enter(&launch->join, ~late, err);
	return r;
}

/* runc and crun name the session keyring alike; a kernel without keyrings has none to leak. */
static int make_keyring(const struct launch *launch, int procfs, struct keg_err *err)
{
	autofree char *name = keg_printf("_ses.%s", launch->id);

	if (launch->no_new_keyring)
		return 0;
	if (!keg_str_empty(launch->process->selinux_label)) {
		int r = label_selinux_keys(procfs, launch->process->selinux_label, err);

		if (r < 0)
			return r;
	}
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) < 0 && errno != ENOSYS &&
	    errno != EPERM && errno != EDQUOT)
		return keg_fail_sys(err, errno, "make a session keyring");
	return 0;
}

static int run_hooks_here(const struct launch *launch, enum hooks_kind kind, const char *status,
			  const char *const *env, struct keg_err *err)
{
	const struct state_record record = { .oci_version = launch->config->oci_version,
					     .id = launch->id,
					     .bundle = launch->bundle,
					     .pid = getpid() };
	const struct hooks_call call = { .config = launch->config,
					 .record = &record,
					 .status = status,
					 .env = env,
					 .output = launch->hooks_output };

	return hooks_run(&call, kind, err);
}

static int build_root(const struct launch *launch, int root, struct keg_err *err)
{
	const struct oci_config *config = launch->config;
	int r = mounts_make(launch, root, err);

	if (r >= 0)
		r = devices_make(launch, root, err);
	if (r >= 0 &&
	    (hooks_any(config, HOOKS_PRESTART) || hooks_any(config, HOOKS_CREATE_RUNTIME))) {
		r = sync_send(launch->sync, SYNC_HOOKS, 0, err);
		if (r >= 0)
			r = sync_expect(launch->sync, SYNC_GO, NULL, err);
	}
	if (r < 0 || !hooks_any(config, HOOKS_CREATE_CONTAINER))
		return r;
	/* Hooks name files relative to the root, as runc has it, or to the bundle, as crun. */
	if (!launch->ctx->as_crun && fchdir(root) < 0)
		return keg_fail_sys(err, errno, "change to the root file system");
	return run_hooks_here(launch, HOOKS_CREATE_CONTAINER, "creating", NULL, err);
}

/*
 * The working folder is made as Docker has it, while the root is still writable. What is wrong
 * with it is said when it is entered, as the user.
 */
static void make_cwd(const struct launch *launch, int root)
{
	const char *cwd = launch->process->cwd;
	struct keg_err ignored;

	if (keg_str_empty(cwd) || strcmp(cwd, "/") == 0)
		return;
	int fd = path_make_folder(root, cwd, 0755, &ignored);
	if (fd >= 0)
		close(fd);
}

static int set_up_root(const struct launch *launch, int procfs, int *root_out, struct keg_err *err)
{
	int r = rootfs_detach(launch, err);

	if (r >= 0 && !launch->for_userns)
		r = mount_plans_open(&launch->mounts, AT_FDCWD, false, err);
	if (r < 0)
		return r;
	autofd int root = rootfs_attach(launch, err);
	if (root < 0)
		return root;
	r = build_root(launch, root, err);
	if (r >= 0)
		r = sysctl_apply(launch->config->os, procfs, err);
	if (r >= 0)
		make_cwd(launch, root);
	if (r >= 0 && launch->process->terminal)
		r = console_make(root, launch->console, launch->process, true, err);
	if (r >= 0)
		r = masks_apply(launch->config->os, root, err);
	if (r >= 0)
		r = mounts_finish(launch, err);
	if (r >= 0)
		r = rootfs_enter(launch, root, err);
	if (r >= 0)
		*root_out = take_fd(&root);
	else
		rootfs_abandon(launch, root);
	return r;
}

static int load_filter(const struct launch *launch, struct keg_err *err)
{
	if (!launch->filter)
		return 0;

	int fd = seccomp_filter_load(launch->filter, err);
	if (fd <= 0)
		return fd;
	/* The parent fetches it by pidfd: sending it might need what the filter traps. */
	int r = sync_send(launch->sync, SYNC_NOTIFY, fd, err);
	if (r >= 0)
		r = sync_expect(launch->sync, SYNC_GO, NULL, err);
	close(fd);
	return r;
}

/*
 * The process may wait for its start for long, where others of the container can see it: of what it
 * had to be made with, and of what our caller left open, it keeps what is still needed.
 */
static int let_go(const struct launch *launch, int root, int procfs, struct keg_err *err)
{
	const int needed[] = {
		launch->sync, launch->start, launch->hooks_output.out, launch->hooks_output.errfd,
		root,	      procfs
	};
	const struct preserved *passed = &launch->preserved;
	autofree int *keep = keg_alloc(KEG_COUNT(needed) + passed->n, sizeof *keep);

	memcpy(keep, needed, sizeof needed);
	if (passed->n > 0)
		memcpy(keep + KEG_COUNT(needed), passed->fds, passed->n * sizeof *keep);
	int r = process_close_others(STDERR_FILENO + 1, keep, KEG_COUNT(needed) + passed->n, err);

	return r < 0 ? r : process_pass_descriptors(passed->fds, passed->n, err);
}

/* Raising it takes the host's privileges, which root of a user namespace has not. */
static int limit_files(const struct launch *launch, struct keg_err *err)
{
	int r = credentials_limit_files(0, launch->process, err);

	if (r != -KEG_EDENIED || !launch_needs_parent(launch))
		return r;
	r = sync_send(launch->sync, SYNC_FILES, 0, err);
	return r < 0 ? r : sync_expect(launch->sync, SYNC_GO, NULL, err);
}

static int drop_privileges(const struct launch *launch, int root, int procfs, struct keg_err *err)
{
	const struct oci_process *process = launch->process;
	struct credentials_how how = { .procfs = procfs,
				       .keep_groups = launch->keep_groups,
				       .as_crun = launch->ctx->as_crun };
	int r = credentials_label(process, procfs, err);

	if (r >= 0)
		r = schedule_inside(launch->config->os, err);
	if (r >= 0 && process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = keg_fail_sys(err, errno, "set no_new_privs");
	/* These two use system calls that a filter for programs need not allow. */
	if (r >= 0)
		r = let_go(launch, root, procfs, err);
	if (r >= 0)
		r = credentials_enter_folder(process, root, &how.late_folder, err);
	if (r >= 0)
		r = limit_files(launch, err);
	if (r >= 0 && !process->no_new_privileges)
		r = load_filter(launch, err);
	return r < 0 ? r : credentials_assume(process, &how, err);
}

static void end(int sig)
{
	_exit(128 + sig);
}

/* The first process of a pid namespace is spared what it does not handle, but nobody waits here
   who would want that. */
static void end_on_signals(void)
{
	const struct sigaction action = { .sa_handler = end };

	process_reset_signals();
	(void)sigaction(SIGHUP, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

/* The connection of whoever starts us; an error goes there from now on. */
static int wait_for_start(const struct launch *launch, int *report, struct keg_err *err)
{
	int fd;
	/* Where it is `create` that made us, GO says that what we are was written down. */
	int r = sync_expect(launch->sync, SYNC_GO, NULL, err);

	if (r < 0 || launch->start < 0)
		return r;
	do
		fd = accept4(launch->start, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return keg_fail_sys(err, errno, "wait for start");
	*report = fd;
	return 0;
}

static int execute(const struct launch *launch, int *report, struct keg_err *err)
{
	const struct oci_process *process = launch->process;
	auto(command) command = { 0 };
	bool notify = launch->filter && launch->filter->notify;
	int r = command_prepare(process, &command, err);

	if (r >= 0 && process->no_new_privileges && notify)
		r = load_filter(launch, err);
	/* Once it waits, the runtime's end must not take the container along. */
	if (r >= 0 && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		r = keg_fail_sys(err, errno, "clear the parent's death signal");
	if (r >= 0)
		r = sync_send(launch->sync, SYNC_READY, 0, err);
	if (r >= 0) {
		end_on_signals();
		r = wait_for_start(launch, report, err);
	}
	process_reset_signals();
	if (r >= 0 && process->no_new_privileges && !notify)
		r = load_filter(launch, err);
	/* In the environment of the program, as runc and those who rely on it have it. */
	if (r >= 0)
		r = run_hooks_here(launch, HOOKS_START_CONTAINER, "created",
				   (const char *const *)command.env.v, err);
	return r < 0 ? r : command_exec(process, &command, err);
}

static int change_namespaces(const struct launch *launch, struct keg_err *err)
{
	autofd int offsets = -1;
	int r = fresh_open_offsets(launch, &offsets, err);

	if (r >= 0)
		r = enter_groups_and_namespaces(launch, err);
	return r < 0 ? r : fresh_make(launch, offsets, err);
}

static int prepare(const struct launch *launch, struct keg_err *err)
{
	autofd int root = -1;
	int r = 0;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "set the parent's death signal");
	if (!launch_needs_parent(launch))
		r = credentials_limit(0, launch->process, launch->ctx->rootless, err);
	if (r >= 0)
		r = change_namespaces(launch, err);
	if (r < 0)
		return r;
	/*
	 * From here on processes of the container may see us: none of them may trace us, or reach
	 * our executable file through /proc. The exec makes the process dumpable again.
	 */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "become undumpable");
	if (setsid() < 0)
		return keg_fail_sys(err, errno, "lead a session");
	umask(0);
	autofd int procfs = procfs_open(err);
	if (procfs < 0)
		return procfs;
	/* For relative sources of mounts, and for hooks; where the sources are open already it may
	   be out of reach. */
	if (chdir(launch->bundle) < 0 && !launch->for_userns)
		return keg_fail_sys(err, errno, "change to bundle %s", launch->bundle);

	r = fresh_name_host(launch->config, err);
	if (r >= 0)
		r = make_keyring(launch, procfs, err);
	if (r >= 0)
		r = set_up_root(launch, procfs, &root, err);
	if (r >= 0)
		r = drop_privileges(launch, root, procfs, err);
	return r;
}

void init_run(const struct launch *launch)
{
	struct keg_err err = { 0 };
	int report = -1;

	if (prepare(launch, &err) >= 0)
		(void)!execute(launch, &report, &err);
	if (report >= 0)
		(void)!write(report, &err, sizeof err);
	else
		sync_send_error(launch->sync, &err);
	_exit(EXIT_OWN_ERROR);
}
