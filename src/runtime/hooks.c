/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/spawn.h"

enum { OUTPUT_MOST = 2048, MS = 1000 };

/* The state as a file: unlike a pipe it is never full, and a hook need not read it. */
static int memory_file(const char *text, struct keg_err *err)
{
	autofd int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return keg_fail_sys(err, errno, "make a memory file");
	int r = keg_write_all(fd, text, strlen(text), err);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return keg_fail_sys(err, errno, "rewind a memory file");
	return take_fd(&fd);
}

/* What it said, for the error: the end of it, on one line. */
static void read_back(int fd, struct keg_buf *out)
{
	struct keg_err err;

	if (lseek(fd, 0, SEEK_SET) < 0 || keg_fd_read_all(fd, OUTPUT_MOST, out, &err) < 0)
		return;
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		keg_buf_cut(out, out->len - 1);
	for (size_t i = 0; i < out->len; i++) {
		if (out->data[i] == '\n')
			out->data[i] = ' ';
	}
}

/* "signal: bad system call", as Go says it. */
static char *signal_text(int sig)
{
	const char *name = sigdescr_np(sig);
	char *text = keg_printf("signal: %s", name ? name : "unknown");
	size_t first = sizeof "signal: " - 1;

	text[first] = (char)tolower((unsigned char)text[first]);
	return text;
}

/* *end says how; the exit status is as shells give it. */
static int wait_hook(int pidfd, const struct oci_hook *hook, siginfo_t *end, struct keg_err *err)
{
	struct pollfd poll_for = { .fd = pidfd, .events = POLLIN };
	int seconds = hook->timeout && *hook->timeout > 0 ? *hook->timeout : 0;
	int timeout = seconds == 0 ? -1 : seconds > INT_MAX / MS ? INT_MAX : seconds * MS;
	int ready;

	do
		ready = poll(&poll_for, 1, timeout);
	while (ready < 0 && errno == EINTR);
	if (ready > 0) {
		(void)waitid(P_PIDFD, (id_t)pidfd, end, WEXITED | WNOWAIT);
		return keg_spawn_wait(pidfd, err);
	}

	int failed = ready < 0 ? errno : 0;
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	(void)!keg_spawn_wait(pidfd, err);
	if (failed)
		return keg_fail_sys(err, failed, "wait for the hook");
	return keg_fail(err, KEG_ESYSTEM, "hook ran past specified timeout of %ds", seconds);
}

static int run_one(const struct oci_hook *hook, const char *state, struct keg_err *err)
{
	static const char *const no_env[] = { NULL };
	const char *const only_path[] = { hook->path, NULL };
	autofd int in = memory_file(state, err);
	autofd int out = memory_file("", err);
	autofd int errout = memory_file("", err);

	if (in < 0 || out < 0 || errout < 0)
		return -(int)err->code;
	const struct keg_spawn what = {
		.program = hook->path,
		.argv = hook->n_args ? hook->args : only_path,
		.env = hook->n_env ? hook->env : no_env,
		.in = in,
		.out = out,
		.errfd = errout,
	};
	autofd int pidfd = keg_spawn(&what, NULL, err);
	if (pidfd < 0)
		return pidfd;

	siginfo_t end = { 0 };
	int status = wait_hook(pidfd, hook, &end, err);
	if (status <= 0)
		return status;
	auto(keg_buf) said = { 0 }, complained = { 0 };
	read_back(out, &said);
	read_back(errout, &complained);
	autofree char *how = end.si_code == CLD_EXITED ? keg_printf("exit status %d", status)
						       : signal_text(end.si_status);
	return keg_fail(err, KEG_ESYSTEM, "%s, stdout: %s, stderr: %s", how, keg_buf_text(&said),
			keg_buf_text(&complained));
}

int hooks_run(const char *kind, const struct oci_hook *hooks, size_t n, const char *state,
	      struct keg_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (run_one(&hooks[i], state, err) < 0)
			return keg_wrap(err, "error running %s hook #%zu: error running hook", kind,
					i);
	}
	return 0;
}
