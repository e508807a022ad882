/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "lib/lib.h"

enum { MOST_FDS = 1000 };

/* Copies of what the caller passes: his own may be 0, 1 or 2, named twice, or closed by a thread.
 */
struct passed {
	int file;    /* the call */
	int answers; /* kegrun's end */
	int *copies; /* the console first, if any */
	size_t n;
	int *all;	   /* the above */
	uint32_t *numbers; /* the call's `fds` */
};

static void passed_done(struct passed *p)
{
	for (size_t i = 0; i < p->n; i++)
		close(p->copies[i]);
	if (p->file >= 0)
		close(p->file);
	if (p->answers >= 0)
		close(p->answers);
	free(p->copies);
	free(p->all);
	free(p->numbers);
}
KEG_AUTO(passed, passed_done)

static int copy(struct passed *p, int fd, struct keg_err *err)
{
	int made = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (made < 0)
		return keg_fail_sys(err, errno, "descriptor %d", fd);
	p->copies[p->n++] = made;
	return made;
}

static int copy_all(struct passed *p, const struct keg_runtime_io *io, struct remote_call *call,
		    struct keg_err *err)
{
	int r = 0;

	if (io->n_fds > MOST_FDS)
		return keg_fail(err, KEG_EUSAGE, "more than %d descriptors", MOST_FDS);
	p->copies = keg_alloc(io->n_fds + 1, sizeof *p->copies);
	call->console = -1;
	if (io->console >= 0)
		r = call->console = copy(p, io->console, err);
	call->fds = p->numbers = keg_alloc(io->n_fds + 1, sizeof *call->fds);
	call->n_fds = io->n_fds;
	for (size_t i = 0; i < io->n_fds && r >= 0; i++) {
		r = copy(p, io->fds[i], err);
		call->fds[i] = r < 0 ? 0 : (uint32_t)r;
	}
	return r;
}

/* A pidfd of kegrun, at work. */
static int start(const struct keg_runtime *rt, const struct keg_runtime_io *io, struct passed *p,
		 struct keg_err *err)
{
	autofree char *number = keg_printf("%d", p->file);
	/* By its path, so that it finds what is installed beside it. */
	const char *argv[] = { rt->program, REMOTE_COMMAND, number, NULL };
	autofd int opened = runtime_open_protected(rt->program);
	struct keg_spawn what = {
		.argv = argv,
		.program = rt->program,
		.opened = opened > 0 ? opened : 0,
		.in = io->in < 0 ? KEG_SPAWN_KEEP : io->in,
		.out = io->out < 0 ? KEG_SPAWN_KEEP : io->out,
		.errfd = io->err < 0 ? KEG_SPAWN_KEEP : io->err,
		.n_keep = p->n + 2,
	};

	p->all = keg_alloc(what.n_keep, sizeof *p->all);
	for (size_t i = 0; i < p->n; i++)
		p->all[i] = p->copies[i];
	p->all[p->n] = p->file;
	p->all[p->n + 1] = p->answers;
	what.keep = p->all;
	return keg_spawn(&what, NULL, err);
}

/* One message; 0 when kegrun ended without one. */
static int receive(int answers, int kegrun, struct remote_answer *out, struct keg_err *err)
{
	struct pollfd polls[] = { { answers, POLLIN, 0 }, { kegrun, POLLIN, 0 } };

	for (;;) {
		if (poll(polls, KEG_COUNT(polls), -1) < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "wait for kegrun");
		ssize_t got = recv(answers, out, sizeof *out, MSG_DONTWAIT);
		if (got == (ssize_t)sizeof *out)
			return 1;
		if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNRESET)
			return keg_fail_sys(err, errno, "listen to kegrun");
		/* A container's process that waits for its start holds the other end: that it is
		   closed need not be seen. */
		if (got == 0 || polls[1].revents)
			return 0;
	}
}

static int converse(const struct keg_runtime *rt, int answers, int kegrun, pid_t *pid,
		    struct keg_err *err)
{
	struct remote_answer said;
	int r;

	while ((r = receive(answers, kegrun, &said, err)) > 0) {
		switch (said.kind) {
		case REMOTE_WARNING:
		case REMOTE_DEBUG:
			if (rt->log)
				rt->log(rt->data,
					said.kind == REMOTE_DEBUG ? KEG_RUNTIME_LOG_DEBUG
								  : KEG_RUNTIME_LOG_WARNING,
					said.err.msg);
			break;
		case REMOTE_ORPHAN:
			while (waitpid(said.pid, NULL, 0) < 0 && errno == EINTR)
				;
			break;
		case REMOTE_DONE:
			if (pid)
				*pid = said.pid;
			return 0;
		case REMOTE_FAILED:
			*err = said.err;
			return -(int)err->code;
		}
	}
	return r < 0 ? r : keg_fail(err, KEG_ESYSTEM, "kegrun ended before its work was done");
}

int lib_call(const struct keg_runtime *rt, const struct keg_runtime_io *io,
	     struct remote_call *call, pid_t *pid, struct keg_err *err)
{
	auto(passed) p = { .file = -1, .answers = -1 };
	struct keg_err ignored;
	int ends[2];
	int r = copy_all(&p, io, call, err);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return keg_fail_sys(err, errno, "make a socket pair");
	autofd int answers = ends[0];
	p.answers = ends[1];
	call->version = KEG_VERSION;
	call->root = rt->root;
	call->cache = rt->cache;
	call->rootless = rt->flags & KEG_RUNTIME_ROOTLESS;
	call->no_cgroups = rt->flags & KEG_RUNTIME_NO_CGROUPS;
	call->systemd = rt->flags & KEG_RUNTIME_SYSTEMD;
	call->debug = rt->log && rt->flags & KEG_RUNTIME_DEBUG;
	call->answers = p.answers;
	p.file = remote_write(call, err);
	if (p.file < 0)
		return p.file;
	autofd int kegrun = start(rt, io, &p, err);
	if (kegrun < 0)
		return kegrun;
	close(take_fd(&p.answers));
	r = converse(rt, answers, kegrun, pid, err);
	(void)!keg_spawn_wait(kegrun, &ignored);
	return r;
}
