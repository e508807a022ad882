/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "os/process.h"
#include "os/socket.h"
#include "os/terminal.h"

/* Signals of our own: faults, and what the kernel tells us about children and terminals. */
static const int not_forwarded[] = { SIGCHLD, SIGPIPE, SIGURG,	SIGSEGV, SIGBUS,  SIGFPE,
				     SIGILL,  SIGTRAP, SIGABRT, SIGTSTP, SIGTTIN, SIGTTOU };

enum { CHUNK = 32 << 10 };

int foreground_open(struct foreground *f, bool terminal, struct keg_err *err)
{
	sigset_t all;

	*f = (struct foreground){
		.open = true, .signals = -1, .console = { -1, -1 }, .master = -1, .watched = -1
	};
	sigfillset(&all);
	for (size_t i = 0; i < KEG_COUNT(not_forwarded); i++)
		sigdelset(&all, not_forwarded[i]);
	sigprocmask(SIG_BLOCK, &all, &f->mask);
	f->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (f->signals < 0)
		return keg_fail_sys(err, errno, "wait for signals");
	if (terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->console) < 0)
		return keg_fail_sys(err, errno, "make a socket pair");
	return 0;
}

void foreground_drop_terminal(struct foreground *f)
{
	for (size_t i = 0; i < KEG_COUNT(f->console); i++) {
		if (f->console[i] >= 0)
			close(take_fd(&f->console[i]));
	}
}

int foreground_attach(struct foreground *f, struct keg_err *err)
{
	char name[64];

	if (f->console[0] < 0)
		return 0;
	f->master = socket_receive_fd(f->console[0], name, sizeof name, err);
	if (f->master < 0)
		return f->master;
	(void)fcntl(f->master, F_SETFL, O_NONBLOCK);
	int r = terminal_keep_newlines(f->master, err);
	if (r < 0)
		return r;
	if (!isatty(STDIN_FILENO))
		return 0;
	terminal_copy_size(STDIN_FILENO, f->master);
	r = terminal_make_raw(STDIN_FILENO, &f->before, err);
	f->raw = r >= 0;
	return r;
}

static void forward_signals(struct foreground *f, int pidfd)
{
	struct signalfd_siginfo info;

	while (read(f->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGWINCH && f->master >= 0)
			terminal_copy_size(STDIN_FILENO, f->master);
		else
			(void)syscall(SYS_pidfd_send_signal, pidfd, (int)info.ssi_signo, NULL, 0);
	}
}

/* Copy what is there; false at the end of the stream. */
static bool copy(int from, int to)
{
	char bytes[CHUNK];
	ssize_t got = read(from, bytes, sizeof bytes);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (got <= 0) /* EIO: nobody holds the terminal's other side any more */
		return false;
	struct pollfd room = { .fd = to, .events = POLLOUT };
	for (const char *at = bytes; got > 0;) {
		ssize_t put = write(to, at, (size_t)got);

		if (put < 0 && errno == EAGAIN)
			(void)poll(&room, 1, -1);
		else if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			at += put;
			got -= put;
		}
	}
	return true;
}

int foreground_wait(struct foreground *f, int pidfd, pid_t pid, struct keg_err *err)
{
	enum { ENDED, SIGNALS, INPUT, OUTPUT, WATCHED, N };
	struct pollfd polls[N] = {
		[ENDED] = { .fd = pidfd, .events = POLLIN },
		[SIGNALS] = { .fd = f->signals, .events = POLLIN },
		[INPUT] = { .fd = f->master >= 0 ? STDIN_FILENO : -1, .events = POLLIN },
		[OUTPUT] = { .fd = f->master, .events = POLLIN },
		[WATCHED] = { .fd = f->watched, .events = POLLIN },
	};

	while (!(polls[ENDED].revents & POLLIN)) {
		if (poll(polls, N, -1) < 0) {
			if (errno == EINTR)
				continue;
			return keg_fail_sys(err, errno, "wait");
		}
		if (polls[SIGNALS].revents)
			forward_signals(f, pidfd);
		if (polls[WATCHED].revents)
			f->on_watched(f->data);
		if (polls[OUTPUT].revents && !copy(f->master, STDOUT_FILENO))
			polls[OUTPUT].fd = -1;
		if (polls[INPUT].revents && !copy(STDIN_FILENO, f->master))
			polls[INPUT].fd = -1;
	}
	/* What it still said. */
	while (polls[OUTPUT].fd >= 0 && poll(&polls[OUTPUT], 1, 0) > 0 &&
	       copy(f->master, STDOUT_FILENO))
		continue;
	return process_wait(pid, err);
}

void foreground_close(struct foreground *f)
{
	const int fds[] = { f->signals, f->console[0], f->console[1], f->master };

	if (!f->open)
		return;
	if (f->raw)
		terminal_restore(STDIN_FILENO, &f->before);
	for (size_t i = 0; i < KEG_COUNT(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	sigprocmask(SIG_SETMASK, &f->mask, NULL);
	f->open = false;
}
