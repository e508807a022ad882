/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop over: our stdin, the monitor's socket, our signals, and the link on which the
 * monitor says the exit status. The socket's end means that all output was seen; the status
 * comes after that.
 */
#include "engine/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "engine/process.h"
#include "engine/runtime_call.h"
#include "monitor/protocol.h"

struct loop {
	struct container *c;
	const struct attach_request *req;
	struct detach_keys keys;
	int socket, signals, client, ctl;
	bool read_stdin, tty, raw, detached;
	struct termios saved;
	unsigned char pending[MONITOR_CHUNK + DETACH_KEYS_MAX];
	size_t n_pending;
	char status_text[16];
	size_t n_status;
};

int attach_open(struct container *c, struct keg_err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	/* By way of the descriptor, as the folder's own name may be too long for an address. */
	snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/%s", c->run,
		 MONITOR_FILE_ATTACH);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		return keg_fail_sys(err, errno, "attach to container %s", c->id);
	return take_fd(&fd);
}

static void fill_signals(sigset_t *set)
{
	/* Faults of our own, job control of our own, and what cannot be caught. */
	static const int ours[] = { SIGCHLD, SIGPIPE, SIGURG,  SIGTTIN, SIGTTOU,
				    SIGTSTP, SIGSEGV, SIGBUS,  SIGFPE,	SIGILL,
				    SIGTRAP, SIGABRT, SIGKILL, SIGSTOP, SIGSYS };

	sigfillset(set);
	for (size_t i = 0; i < KEG_COUNT(ours); i++)
		sigdelset(set, ours[i]);
}

void attach_block_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* --- terminal ----------------------------------------------------------------------------- */

static void send_size(struct loop *l)
{
	struct winsize size;
	char line[48];

	if (l->ctl < 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	int n = snprintf(line, sizeof line, "%d %d %d\n", MONITOR_CTL_RESIZE, size.ws_row,
			 size.ws_col);
	if (write(l->ctl, line, (size_t)n) < 0)
		keg_debug("resize: %s", strerror(errno));
}

static void make_raw(struct loop *l)
{
	struct termios raw;

	if (!l->tty || !l->req->in || tcgetattr(STDIN_FILENO, &l->saved) < 0)
		return;
	raw = l->saved;
	cfmakeraw(&raw);
	l->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* --- streams ------------------------------------------------------------------------------ */

static void end_stdin(struct loop *l)
{
	l->read_stdin = false;
	shutdown(l->socket, SHUT_WR);
}

static void flush_stdin(struct loop *l)
{
	ssize_t n = send(l->socket, l->pending, l->n_pending, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		l->read_stdin = false;
		n = (ssize_t)l->n_pending;
	}
	l->n_pending -= (size_t)n;
	memmove(l->pending, l->pending + n, l->n_pending);
}

static void take_stdin(struct loop *l)
{
	unsigned char typed[MONITOR_CHUNK];
	ssize_t n = read(STDIN_FILENO, typed, sizeof typed);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_stdin(l);
		return;
	}
	if (l->raw) {
		l->detached =
			detach_keys_filter(&l->keys, typed, (size_t)n, l->pending, &l->n_pending);
	} else {
		memcpy(l->pending, typed, (size_t)n);
		l->n_pending = (size_t)n;
	}
	if (l->n_pending)
		flush_stdin(l);
}

static void put_out(int fd, const char *bytes, size_t n)
{
	struct keg_err ignored;

	/* Nobody reads any more: the container goes on, as with the peers. */
	if (keg_write_all(fd, bytes, n, &ignored) < 0)
		keg_debug("output: %s", ignored.msg);
}

/* False at the end. */
static bool take_socket(struct loop *l)
{
	char packet[MONITOR_CHUNK + 1];
	ssize_t n = recv(l->socket, packet, sizeof packet, MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	if (packet[0] == MONITOR_STDERR && l->req->err)
		put_out(STDERR_FILENO, packet + 1, (size_t)n - 1);
	else if (packet[0] == MONITOR_STDOUT && l->req->out)
		put_out(STDOUT_FILENO, packet + 1, (size_t)n - 1);
	return true;
}

/* --- signals ------------------------------------------------------------------------------ */

static void take_signal(struct loop *l)
{
	struct signalfd_siginfo info;
	struct keg_err why;

	if (read(l->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGWINCH) {
		send_size(l);
		return;
	}
	/* Its end is about to be seen, then a signal has nobody to go to. */
	if (runtime_call_kill(l->c, (int)info.ssi_signo, false, &why) < 0)
		keg_debug("forward signal %u: %s", info.ssi_signo, why.msg);
}

static int open_signals(struct loop *l, struct keg_err *err)
{
	sigset_t set;

	if (l->req->proxy_signals && !l->tty) {
		fill_signals(&set);
	} else {
		/* Our own again, but for the terminal's size. */
		fill_signals(&set);
		sigdelset(&set, SIGWINCH);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		sigemptyset(&set);
		sigaddset(&set, SIGWINCH);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->signals < 0 ? keg_fail_sys(err, errno, "signalfd") : 0;
}

/* --- loop --------------------------------------------------------------------------------- */

enum { POLL_SOCKET, POLL_SIGNALS, POLL_CLIENT, POLL_STDIN, POLL_COUNT };

static void prepare_poll(const struct loop *l, struct pollfd *p)
{
	bool stdin_now = l->read_stdin && l->n_pending == 0;

	p[POLL_SOCKET] = (struct pollfd){ .fd = l->socket, .events = POLLIN };
	if (l->n_pending)
		p[POLL_SOCKET].events |= POLLOUT;
	p[POLL_SIGNALS] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	p[POLL_CLIENT] = (struct pollfd){ .fd = l->client, .events = POLLIN };
	p[POLL_STDIN] = (struct pollfd){ .fd = stdin_now ? STDIN_FILENO : -1, .events = POLLIN };
}

/* "STATUS\n" from the monitor: 1 complete, 0 not yet, -1 it went without saying. */
static int take_status(struct loop *l, int *status)
{
	struct keg_err ignored;
	ssize_t n = read(l->client, l->status_text + l->n_status,
			 sizeof l->status_text - 1 - l->n_status);

	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		return -1;
	l->n_status += (size_t)n;
	char *end = memchr(l->status_text, '\n', l->n_status);
	if (!end)
		return l->n_status < sizeof l->status_text - 1 ? 0 : -1;
	*end = '\0';
	if (keg_parse_int(l->status_text, status, &ignored) < 0)
		return -1;
	*status &= 0xff; /* after a timeout it is -1 */
	return 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* For poll(): -1 without a deadline. */
static int time_left(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	return deadline < 0 ? -1 : left > 0 ? (int)left : 0;
}

static int run(struct loop *l, int *status, struct keg_err *err)
{
	bool streams = l->socket >= 0, told = l->client < 0;
	int64_t later = l->req->later ? now_ms() + l->req->later_ms : -1;

	while (streams || !told) {
		struct pollfd p[POLL_COUNT];

		prepare_poll(l, p);
		int ready = poll(p, POLL_COUNT, time_left(later));
		if (ready < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "poll");
		if (later >= 0 && time_left(later) == 0) {
			l->req->later(l->req->later_ctx);
			later = -1;
		}
		if (ready <= 0)
			continue;
		if (p[POLL_SIGNALS].revents)
			take_signal(l);
		if (streams && (p[POLL_SOCKET].revents & POLLOUT))
			flush_stdin(l);
		if (streams && (p[POLL_SOCKET].revents & (POLLIN | POLLHUP | POLLERR)) &&
		    !take_socket(l)) {
			streams = false;
			l->read_stdin = false;
			l->n_pending = 0;
			l->socket = -1;
		}
		if (p[POLL_STDIN].revents)
			take_stdin(l);
		if (l->detached)
			return ATTACH_DETACHED;
		if (p[POLL_CLIENT].revents && take_status(l, status) != 0) {
			told = true;
			l->client = -1;
		}
	}
	return ATTACH_ENDED;
}

static void loop_done(struct loop *l)
{
	if (l->signals >= 0)
		close(l->signals);
	if (l->ctl >= 0)
		close(l->ctl);
}
KEG_AUTO(loop, loop_done)

int attach_run(struct container *c, int socket, const struct attach_request *req, int *status,
	       struct keg_err *err)
{
	auto(loop) l = {
		.c = c,
		.req = req,
		.keys = req->keys,
		.socket = socket,
		.signals = -1,
		.client = req->client,
		.ctl = -1,
		.tty = c->record.tty && isatty(STDIN_FILENO),
		.read_stdin = req->in && socket >= 0,
	};

	*status = -1;
	int r = open_signals(&l, err);
	if (r < 0)
		return r;
	if (l.tty)
		l.ctl = openat(c->run, MONITOR_FILE_CTL, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	send_size(&l);
	make_raw(&l);
	r = run(&l, status, err);
	if (l.raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &l.saved);
	return r;
}
