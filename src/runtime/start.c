/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/start.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "os/path.h"
#include "os/process.h"
#include "os/socket.h"
#include "runtime/hooks.h"
#include "runtime/ready.h"

enum { CREATION_SECONDS = 10 };

int start_hooks(const struct state_record *record, const struct oci_config *config,
		struct keg_err *err)
{
	return hooks_run_poststart(config, record, err);
}

/* The container's process holds the connection until its exec: an error comes, or the end. */
static int wake(int folder, struct keg_err *err)
{
	struct keg_err problem;
	auto(keg_buf) said = { 0 };
	autofd int fd = socket_connect_at(folder, STATE_START_SOCKET, err);

	if (fd < 0 && err->sys == ECONNREFUSED)
		return keg_fail(err, KEG_EBUSY, "cannot start a container that has stopped");
	if (fd < 0)
		return fd;
	int r = keg_fd_read_all(fd, sizeof problem, &said, err);
	/* Nothing is sent to it, so only what was never accepted ends by a reset. */
	if (r < 0 && err->sys == ECONNRESET)
		return keg_fail(err, KEG_EBUSY,
				"the container's process ended before it was started");
	if (r < 0)
		return r;
	if (said.len == sizeof problem) {
		problem = *(const struct keg_err *)(const void *)said.data;
		*err = problem;
		return -(int)err->code;
	}
	return 0;
}

/* The record is replaced when the first process is known; a maker that fails removes it. */
static void await_creation(int folder, const struct state_record *record)
{
	const struct itimerspec patience = { .it_value.tv_sec = CREATION_SECONDS };
	struct keg_err ignored;
	char path[PATH_FD_MAX];
	autofd int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	autofd int late = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	autofd int maker = process_open((pid_t)record->maker, &ignored);
	bool waiting = maker >= 0 && changes >= 0 && late >= 0 &&
		       timerfd_settime(late, 0, &patience, NULL) == 0 &&
		       inotify_add_watch(changes, path_of_fd(folder, path),
					 IN_MOVED_TO | IN_DELETE_SELF) >= 0;

	while (waiting) {
		struct pollfd fds[] = { { changes, POLLIN, 0 },
					{ maker, POLLIN, 0 },
					{ late, POLLIN, 0 } };
		auto(keg_arena) arena = { 0 };
		struct state_record now;
		char events[4096];

		waiting = state_read(folder, &now, &arena, &ignored) >= 0 && now.maker &&
			  poll(fds, KEG_COUNT(fds), -1) > 0 && !fds[1].revents && !fds[2].revents &&
			  read(changes, events, sizeof events) > 0;
	}
}

/* Whoever saw it in `state` may want it started, while its creator is at the last steps. */
static int load(const struct runtime_context *ctx, const char *id, struct state_container *c,
		struct keg_err *err)
{
	int r = state_load(ctx, id, c, err);

	if (r < 0 || state_status(c->folder, &c->record) != RUNTIME_CREATING)
		return r;
	await_creation(c->folder, &c->record);
	state_container_done(c);
	return state_load(ctx, id, c, err);
}

static int check_created(const struct state_container *c, struct keg_err *err)
{
	switch (state_status(c->folder, &c->record)) {
	case RUNTIME_CREATED:
		return 0;
	case RUNTIME_STOPPED:
		return keg_fail(err, KEG_EBUSY, "cannot start a container that has stopped");
	case RUNTIME_RUNNING:
	case RUNTIME_PAUSED:
		return keg_fail(err, KEG_EBUSY, "cannot start an already running container");
	default:
		return keg_fail(err, KEG_EBUSY, "cannot start a container in the creating state");
	}
}

static int start_locked(const struct state_container *c, struct ready *ready, int *pidfd,
			struct keg_err *err)
{
	int r = ready_open(ready, ready->ctx, c->folder, &c->config, err);

	if (r >= 0 && ready->socket >= 0)
		r = *pidfd = state_open_process(&c->record, err);
	if (r < 0)
		return r;
	r = wake(c->folder, err);
	/* As long as it is there the container counts as created. */
	if (unlinkat(c->folder, STATE_START_SOCKET, 0) < 0 && r >= 0)
		r = keg_fail_sys(err, errno, "started, but cannot remove %s of its state",
				 STATE_START_SOCKET);
	return r;
}

int runtime_start(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	auto(ready) ready = { .ctx = ctx, .socket = -1, .host = -1 };
	autofd int pidfd = -1;
	int r = load(ctx, id, &c, err);

	if (r >= 0)
		r = keg_lock_flock(c.folder, KEG_LOCK_EXCLUSIVE, err);
	if (r >= 0)
		r = check_created(&c, err);
	if (r >= 0)
		r = start_locked(&c, &ready, &pidfd, err);
	if (r < 0)
		return r;
	r = start_hooks(&c.record, &c.config, err);
	ready.main = (pid_t)c.record.pid;
	/* Who is never ready can be killed and deleted. */
	state_container_done(&c);
	if (r < 0) {
		/* The specification: it is stopped and goes the way of all containers. */
		struct keg_err ignored;

		(void)!runtime_delete(ctx, id, true, &ignored);
		return r;
	}
	return ready_wait(&ready, pidfd, err);
}
