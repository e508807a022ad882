/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork semantics by clone(CLONE_VM | CLONE_VFORK | CLONE_PIDFD) would need hand-made
 * stacks; fork is fast enough for what is not on the run path, and everything the child
 * does is async-signal-safe. The child reports a failed exec through a close-on-exec pipe.
 */
#include "base/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

char *keg_find_program(const char *name)
{
	const char *path = getenv("PATH");
	auto(keg_strv) dirs = { 0 };

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? keg_strdup(name) : NULL;
	keg_strv_split(&dirs, path ? path : "/usr/sbin:/usr/bin:/sbin:/bin", ':');
	for (size_t i = 0; i < dirs.n; i++) {
		autofree char *full = keg_path_join(*dirs.v[i] ? dirs.v[i] : ".", name);

		if (access(full, X_OK) == 0)
			return take_ptr(&full);
	}
	return NULL;
}

/* In the child: put `fd` at `number`; both may be anything. */
static int place(int fd, int number)
{
	if (fd == KEG_SPAWN_KEEP)
		return 0;
	if (fd == KEG_SPAWN_NULL)
		fd = open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY);
	if (fd < 0)
		return -1;
	if (fd == number)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, number) < 0 ? -1 : 0;
}

static bool is_kept(const struct keg_spawn *what, int fd)
{
	for (size_t i = 0; i < what->n_keep; i++) {
		if (what->keep[i] == fd)
			return true;
	}
	return false;
}

/* Returns only when that fails. */
static void execute(const struct keg_spawn *what, const char *program)
{
	char *const *argv = (char *const *)(uintptr_t)what->argv;
	char *const *env = what->env ? (char *const *)(uintptr_t)what->env : environ;

	if (what->opened > 0)
		(void)syscall(SYS_execveat, what->opened, "", argv, env, AT_EMPTY_PATH);
	else
		execve(program, argv, env);
}

KEG_NORETURN static void child(const struct keg_spawn *what, const char *program, int report)
{
	/* Out of the way of 0, 1 and 2 first, so that placing one cannot destroy another. */
	int in = what->in >= 0 ? fcntl(what->in, F_DUPFD_CLOEXEC, 3) : what->in;
	int out = what->out >= 0 ? fcntl(what->out, F_DUPFD_CLOEXEC, 3) : what->out;
	int errfd = what->errfd >= 0 ? fcntl(what->errfd, F_DUPFD_CLOEXEC, 3) : what->errfd;
	sigset_t none;
	int saved;

	if (place(in, 0) < 0 || place(out, 1) < 0 || place(errfd, 2) < 0 ||
	    (what->dir && chdir(what->dir) < 0))
		goto fail;
	(void)syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < what->n_keep; i++) {
		if (fcntl(what->keep[i], F_SETFD, 0) < 0)
			goto fail;
	}
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execute(what, program);
fail:
	saved = errno;
	(void)!write(report, &saved, sizeof saved);
	_exit(127);
}

int keg_spawn(const struct keg_spawn *what, pid_t *pid_out, struct keg_err *err)
{
	const char *name = what->program ? what->program : what->argv[0];
	autofree char *program = keg_find_program(name);
	int report[2], saved = 0;

	/* Here, as execvp() may allocate in the child. */
	if (!program)
		return keg_fail(err, KEG_ENOTFOUND, "program %s not found", name);
	if (pipe2(report, O_CLOEXEC) < 0)
		return keg_fail_sys(err, errno, "start %s", program);

	autofd int read_end = report[0];
	if (is_kept(what, report[1])) /* cannot be: the number was free a moment ago */
		keg_bug("a kept descriptor is not open");

	/* In a program that embeds us, its handlers must not run in the child. */
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		child(what, program, report[1]);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(report[1]);
	if (pid < 0)
		return keg_fail_sys(err, saved, "start %s", program);

	autofd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		saved = errno;
		waitpid(pid, NULL, 0);
		return keg_fail_sys(err, saved, "start %s", program);
	}
	ssize_t told;
	do
		told = read(read_end, &saved, sizeof saved);
	while (told < 0 && errno == EINTR);
	if (told == sizeof saved) {
		waitpid(pid, NULL, 0);
		return keg_fail_sys(err, saved, "start %s", program);
	}
	if (pid_out)
		*pid_out = pid;
	return take_fd(&pidfd);
}

int keg_spawn_wait(int pidfd, struct keg_err *err)
{
	siginfo_t info = { 0 };

	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0) {
		if (errno != EINTR)
			return keg_fail_sys(err, errno, "wait");
	}
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

struct stream {
	int *fd;
	struct keg_buf *out;
};

static void drain(struct stream *stream, size_t most)
{
	char bytes[4096];
	ssize_t got = read(*stream->fd, bytes, sizeof bytes);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		close(take_fd(stream->fd));
		return;
	}
	if (stream->out && stream->out->len + (size_t)got <= most)
		keg_buf_add(stream->out, bytes, (size_t)got);
}

static void feed(int *fd, const char **input)
{
	ssize_t put = write(*fd, *input, strlen(*input));

	if (put > 0)
		*input += put;
	if ((put < 0 && errno != EINTR && errno != EAGAIN) || !**input)
		close(take_fd(fd));
}

int keg_spawn_run(const char *const *argv, const char *input, size_t most, struct keg_buf *out,
		  struct keg_buf *errout, struct keg_err *err)
{
	int in[2] = { -1, -1 }, outs[2] = { -1, -1 }, errs[2] = { -1, -1 };

	if ((input && pipe2(in, O_CLOEXEC) < 0) || pipe2(outs, O_CLOEXEC) < 0 ||
	    pipe2(errs, O_CLOEXEC) < 0)
		return keg_fail_sys(err, errno, "start %s", argv[0]);

	autofd int feed_end = in[1], out_end = outs[0], err_end = errs[0];
	const struct keg_spawn what = {
		.argv = argv, .in = input ? in[0] : KEG_SPAWN_NULL, .out = outs[1], .errfd = errs[1]
	};
	autofd int pidfd = keg_spawn(&what, NULL, err);

	if (in[0] >= 0)
		close(in[0]);
	close(outs[1]);
	close(errs[1]);
	if (pidfd < 0)
		return pidfd;
	if (input)
		(void)fcntl(feed_end, F_SETFL, O_NONBLOCK);

	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	sigaction(SIGPIPE, &ignore, &before);
	struct stream streams[] = { { &out_end, out }, { &err_end, errout } };
	while (out_end >= 0 || err_end >= 0 || feed_end >= 0) {
		struct pollfd polls[] = { { out_end, POLLIN, 0 },
					  { err_end, POLLIN, 0 },
					  { feed_end, POLLOUT, 0 } };

		if (poll(polls, KEG_COUNT(polls), -1) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < KEG_COUNT(streams); i++) {
			if (polls[i].revents)
				drain(&streams[i], most);
		}
		if (polls[2].revents && input)
			feed(&feed_end, &input);
	}
	sigaction(SIGPIPE, &before, NULL);
	return keg_spawn_wait(pidfd, err);
}
