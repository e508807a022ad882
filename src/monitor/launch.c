/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "monitor/builtin.h"
#include "monitor/oomscore.h"

enum { EXIT_NO_EXEC = 127, PIDFILE_MAX = 32, ARGS_OF_OURS = 20 };

/* An argument vector under construction; room is made for all before. */
struct argv {
	const char **v;
	size_t n;
};

static void add(struct argv *argv, const char *word)
{
	argv->v[argv->n++] = word;
}

static void add_pair(struct argv *argv, const char *name, const char *value)
{
	add(argv, name);
	add(argv, value);
}

static void add_all(struct argv *argv, const struct keg_strv *values)
{
	for (size_t i = 0; i < values->n; i++)
		add(argv, values->v[i]);
}

/* The public command line that runc and crun share. */
static void build_argv(struct argv *argv, const struct launch *launch)
{
	const struct monitor_options *opt = launch->opt;

	argv->v = keg_alloc(opt->runtime_args.n + opt->runtime_opts.n + ARGS_OF_OURS,
			    sizeof *argv->v);
	add(argv, opt->runtime);
	if (opt->systemd_cgroup)
		add(argv, "--systemd-cgroup");
	add_all(argv, &opt->runtime_args);
	add(argv, opt->exec ? "exec" : "create");
	if (opt->exec)
		add_pair(argv, "--process", opt->exec_spec);
	else
		add_pair(argv, "--bundle", opt->bundle ? opt->bundle : ".");
	add_pair(argv, "--pid-file", launch->pidfile);
	if (opt->exec)
		add(argv, "--detach");
	if (!opt->exec && opt->no_pivot)
		add(argv, "--no-pivot");
	if (!opt->exec && opt->no_new_keyring)
		add(argv, "--no-new-keyring");
	if (launch->console_socket)
		add_pair(argv, "--console-socket", launch->console_socket);
	add_all(argv, &opt->runtime_opts);
	add(argv, opt->cid);
}

static void run_foreign(const struct launch *launch)
{
	struct argv argv = { 0 };

	build_argv(&argv, launch);
	execv(launch->opt->runtime, (char *const *)(uintptr_t)argv.v);
	dprintf(STDERR_FILENO, "execute %s: %s\n", launch->opt->runtime, strerrordesc_np(errno));
	_exit(EXIT_NO_EXEC);
}

/* What the monitor changed for itself must not be inherited. */
static void restore_process(const struct launch *launch)
{
	sigset_t none;
	char pid[24];

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	oomscore_set(launch->oom_score);
	if (launch->opt->replace_listen_pid) {
		snprintf(pid, sizeof pid, "%d", (int)getpid());
		setenv("LISTEN_PID", pid, 1);
	}
}

static void run_child(const struct launch *launch, int errors)
{
	restore_process(launch);
	for (int i = 0; i < 3; i++) {
		if (dup2(launch->pipes->child[i], i) < 0)
			_exit(EXIT_NO_EXEC);
	}
	if (launch->opt->runtime_root)
		_exit(builtin_run(launch, errors));
	run_foreign(launch);
}

int launch_start(struct launch *launch, pid_t *pid, struct keg_err *err)
{
	int ends[2] = { -1, -1 };

	/* Non-blocking: a container that exists may hold the other end. */
	if (launch->opt->runtime_root && pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return keg_fail_sys(err, errno, "make a pipe");
	*pid = fork();
	if (*pid == 0)
		run_child(launch, ends[1]);
	if (ends[1] >= 0)
		close(ends[1]);
	launch->errors = ends[0];
	if (*pid < 0)
		return keg_fail_sys(err, errno, "fork the runtime");
	return 0;
}

static int read_pidfile(const char *path, pid_t *container, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int pid;

	if (keg_file_read(AT_FDCWD, path, PIDFILE_MAX, &text, err) < 0)
		return keg_wrap(err, "read the container's pid");
	while (text.len && text.data[text.len - 1] == '\n')
		keg_buf_cut(&text, text.len - 1);
	if (keg_parse_int(keg_buf_text(&text), &pid, err) < 0 || pid <= 0)
		return keg_fail(err, KEG_ECORRUPT, "%s holds no pid", path);
	*container = pid;
	return 0;
}

/* Its stderr as the message, or at least how it ended. */
static int complaint(const struct launch *launch, int status, struct keg_err *err)
{
	ssize_t n = -1;

	*err = (struct keg_err){ .code = KEG_ESYSTEM };
	if (launch->pipes->own[2] >= 0)
		n = read(launch->pipes->own[2], err->msg, sizeof err->msg - 1);
	if (n > 0)
		return -(int)err->code;
	if (WIFSIGNALED(status))
		return keg_fail(err, KEG_ESYSTEM, "the runtime was killed by signal %d",
				WTERMSIG(status));
	return keg_fail(err, KEG_ESYSTEM, "the runtime failed with status %d", WEXITSTATUS(status));
}

int launch_result(struct launch *launch, int status, pid_t *container, struct keg_err *err)
{
	autofd int errors = take_fd(&launch->errors);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return read_pidfile(launch->pidfile, container, err);
	if (errors >= 0) {
		struct keg_err theirs;

		if (read(errors, &theirs, sizeof theirs) == sizeof theirs) {
			*err = theirs;
			return -(int)err->code;
		}
	}
	return complaint(launch, status, err);
}
