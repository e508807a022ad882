/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/start.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "os/socket.h"
#include "runtime/hooks.h"

int start_hooks(const struct state_record *record, const struct oci_config *config,
		struct keg_err *err)
{
	return hooks_run_outside(config, record, "running", HOOKS_POSTSTART, err);
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
	/* A reset instead of an end: it was killed, or closed what was never read. */
	if (r < 0 && err->sys != ECONNRESET)
		return r;
	if (said.len == sizeof problem) {
		problem = *(const struct keg_err *)(const void *)said.data;
		*err = problem;
		return -(int)err->code;
	}
	return 0;
}

int runtime_start(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	int r = state_load(ctx, id, &c, err);

	if (r >= 0)
		r = keg_lock_flock(c.folder, KEG_LOCK_EXCLUSIVE, err);
	if (r < 0)
		return r;
	switch (state_status(c.folder, &c.record)) {
	case RUNTIME_CREATED:
		break;
	case RUNTIME_STOPPED:
		return keg_fail(err, KEG_EBUSY, "cannot start a container that has stopped");
	case RUNTIME_RUNNING:
	case RUNTIME_PAUSED:
		return keg_fail(err, KEG_EBUSY, "cannot start an already running container");
	default:
		return keg_fail(err, KEG_EBUSY, "cannot start a container in the creating state");
	}
	r = wake(c.folder, err);
	unlinkat(c.folder, STATE_START_SOCKET, 0);
	return r < 0 ? r : start_hooks(&c.record, &c.config, err);
}
