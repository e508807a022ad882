/* SPDX-License-Identifier: Apache-2.0 */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "base/num.h"

/* <sched.h> of glibc and <linux/sched.h> both define clone's flags; the latter has the struct. */

pid_t process_clone(const struct process_clone *how, int *pidfd, struct keg_err *err)
{
	int fd = -1;
	struct clone_args args = {
		.flags = how->flags | (pidfd ? (uint64_t)CLONE_PIDFD : 0),
		.pidfd = (uint64_t)(uintptr_t)&fd,
		/* A child for the parent's parent takes the signal of its new siblings. */
		.exit_signal = how->flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (how->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)how->cgroup;
	}

	long pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		return keg_fail_sys(err, errno, "clone a process");
	if (pid > 0 && pidfd)
		*pidfd = fd;
	return (pid_t)pid;
}

int process_open(pid_t pid, struct keg_err *err)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? keg_fail_sys(err, errno, "open process %d", (int)pid) : (int)fd;
}

int process_wait(pid_t pid, struct keg_err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return keg_fail_sys(err, errno, "wait for process %d", (int)pid);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void process_end(pid_t pid, int pidfd)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0 || syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0)
		kill(pid, SIGKILL);
	while (pidfd >= 0 && poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
}

bool process_has_ended(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

/* Of what follows the name in /proc/PID/stat, of which a space is before each field. */
static bool read_fields(char *at, struct process_id *out)
{
	enum { STATE = 1, PARENT, START = 20 };
	struct keg_err ignored;
	char *word = strsep(&at, " ");

	for (int n = STATE; n <= START; n++) {
		word = strsep(&at, " ");
		if (!word)
			return false;
		if (n == STATE)
			out->state = *word;
		else if (n == PARENT && keg_parse_int(word, &out->parent, &ignored) < 0)
			return false;
	}
	return keg_parse_u64(word, &out->start, &ignored) >= 0;
}

int process_identify(pid_t pid, struct process_id *out, struct keg_err *err)
{
	char path[32], text[1024];

	keg_format(path, sizeof path, "/proc/%d/stat", (int)pid);
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return keg_fail_sys(err, errno, "open %s", path);
	ssize_t got = read(fd, text, sizeof text - 1);
	if (got < 0)
		return keg_fail_sys(err, errno, "read %s", path);
	text[got] = '\0';

	/* The name in parentheses may hold anything; the fields follow its last one. */
	char *at = strrchr(text, ')');
	if (!at || !read_fields(at + 1, out))
		return keg_fail(err, KEG_ECORRUPT, "%s: unexpected form", path);
	return 0;
}

void process_reset_signals(void)
{
	const struct sigaction def = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		(void)sigaction(sig, &def, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int process_pass_descriptors(const int *fds, size_t n, struct keg_err *err)
{
	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return keg_fail_sys(err, errno, "close descriptors on exec");
	for (size_t i = 0; i < n; i++) {
		if (fcntl(fds[i], F_SETFD, 0) < 0)
			return keg_fail_sys(err, errno, "keep descriptor %d", fds[i]);
	}
	return 0;
}

int process_close_others(unsigned from, const int *keep, size_t n, struct keg_err *err)
{
	for (;;) {
		unsigned next = UINT_MAX; /* the lowest of those to keep */

		for (size_t i = 0; i < n; i++) {
			if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		}
		if (next > from && close_range(from, next == UINT_MAX ? UINT_MAX : next - 1, 0) < 0)
			return keg_fail_sys(err, errno, "close descriptors from %u on", from);
		if (next == UINT_MAX)
			return 0;
		from = next + 1;
	}
}
