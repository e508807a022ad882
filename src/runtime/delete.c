/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Killing first, then the cgroup, then the hooks, the folder last: whatever happens in between,
 * a second delete finds the folder and goes on.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/strv.h"
#include "os/cgroup.h"
#include "runtime/delete.h"
#include "runtime/group.h"
#include "runtime/hooks.h"
#include "runtime/intel_rdt.h"
#include "runtime/kill.h"
#include "runtime/state.h"

enum { KILL_TIMEOUT_MS = 10000 };

/* 1: it ran until now. */
static int kill_first(const struct state_record *record, struct keg_err *err)
{
	autofd int pidfd = state_open_process(record, err);

	if (pidfd < 0)
		return pidfd == -KEG_EBUSY ? 0 : pidfd;
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return keg_fail_sys(err, errno, "kill the container's process");
	kill_thaw(record);

	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	int ready;
	do
		ready = poll(&ended, 1, KILL_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return keg_fail(err, KEG_EBUSY, "container init still running");
	/* Where we are its parent nobody else reaps it. */
	siginfo_t info = { 0 };
	(void)waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
	return 1;
}

static void poststop(const struct runtime_context *ctx, const struct state_container *c)
{
	struct state_record record = c->record;

	record.pid = 0;
	hooks_run_poststop(ctx, &c->config, &record);
}

/* All but the first process. `spare`: see group_remove(). */
static int delete_rest(const struct runtime_context *ctx, const struct state_container *c,
		       struct cgroup *group, bool spare, struct keg_err *err)
{
	int r = group_remove(ctx, &c->record, group, spare, err);

	if (r >= 0)
		r = rdt_remove(&c->record, err);
	if (r < 0)
		return r;
	poststop(ctx, c);
	return state_remove(ctx, c->record.id, err);
}

int delete_ended(const struct runtime_context *ctx, const struct state_container *c,
		 struct cgroup *group, struct keg_err *err)
{
	struct stat st;
	int r = keg_lock_flock(c->folder, KEG_LOCK_EXCLUSIVE, err);

	if (r < 0)
		return r;
	/* Of that name there may be another by now. */
	if (fstat(c->folder, &st) < 0 || st.st_nlink == 0)
		return 0;
	return delete_rest(ctx, c, group, false, err);
}

int runtime_delete(const struct runtime_context *ctx, const char *id, bool force,
		   struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	autoptr(cgroup) group = NULL;
	int r = state_load(ctx, id, &c, err);

	if (r == -KEG_ENOTFOUND && force)
		return 0;
	if (r >= 0)
		r = keg_lock_flock(c.folder, KEG_LOCK_EXCLUSIVE, err);
	if (r < 0)
		return r;

	enum runtime_status status = force ? RUNTIME_STOPPED : state_status(c.folder, &c.record);
	if (status != RUNTIME_STOPPED && status != RUNTIME_CREATED)
		return keg_fail(err, KEG_EBUSY,
				"cannot delete container %s that is not stopped: %s", id,
				runtime_status_name(status));
	c.record.id = id;
	r = kill_first(&c.record, err);
	/* Once it has stopped another may use its group. */
	bool spare = r == 0 && kill_is_over(&c);
	if (r >= 0 && !keg_str_empty(c.record.cgroup))
		r = cgroup_open(c.record.cgroup, &group, err);
	return r < 0 ? r : delete_rest(ctx, &c, group, spare, err);
}
