/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "engine/bundle.h"
#include "engine/create.h"
#include "engine/leftover.h"
#include "engine/process.h"
#include "engine/runtime_call.h"
#include "engine/userns_share.h"
#include "engine/volume.h"
#include "monitor/protocol.h"
#include "store/pin.h"

enum {
	KILL_WAIT_MS = 10000,  /* after SIGKILL a process in an uninterruptible call may linger */
	FINAL_FILE_MS = 5000,  /* from the process' end to the monitor's exit file */
	READER_WAIT_MS = 2000, /* for those who want to read the exit status of a --rm container */
	READER_STEP_MS = 10,
	EXIT_NO_COMMAND = 127,
	EXIT_BAD_COMMAND = 126,
};

static int64_t now_ns(void)
{
	struct timespec now = keg_now();

	return (int64_t)now.tv_sec * KEG_NS_PER_S + now.tv_nsec;
}

static bool is_alive(const struct container *c)
{
	return c->state.status == CONTAINER_RUNNING || c->state.status == CONTAINER_STOPPING ||
	       c->state.status == CONTAINER_PAUSED;
}

/* --- start -------------------------------------------------------------------------------- */

/* What an earlier run left in the run folder would be taken for this one's. */
static void forget_earlier_run(struct container *c)
{
	static const char *const names[] = { MONITOR_FILE_EXIT,		MONITOR_FILE_OOM,
					     MONITOR_FILE_ATTACH,	MONITOR_FILE_CTL,
					     MONITOR_FILE_WINSZ,	CONTAINER_FILE_PID,
					     CONTAINER_FILE_MONITOR_PID };

	for (size_t i = 0; i < KEG_COUNT(names); i++)
		unlinkat(c->run, names[i], 0);
	unlinkat(c->run, c->id, 0);
}

/* A runtime that is another program gets the root at a place of the bundle. */
static int place_root(struct container *c, struct keg_err *err)
{
	if (mkdirat(c->run, CONTAINER_DIR_MERGED, 0700) < 0 && errno != EEXIST)
		return keg_fail_sys(err, errno, "make %s/merged", c->run_path);
	if (!c->record.runtime && !c->engine->conmon)
		return 0;
	leftover_unmount(c);
	if (syscall(SYS_move_mount, c->rootfs, "", c->run, CONTAINER_DIR_MERGED,
		    MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return keg_fail_sys(err, errno, "mount the root of container %s", c->id);
	return 0;
}

static void undo_start(struct container *c, const struct keg_err *why)
{
	struct keg_err ignored;

	if (runtime_call_delete(c, &ignored) < 0 || leftover_cgroup(c, &ignored) < 0)
		keg_debug("%s", ignored.msg);
	leftover_unmount(c);
	c->state.status = c->state.started ? CONTAINER_EXITED : CONTAINER_CREATED;
	c->state.pid = 0;
	c->state.exit_code = why->code == KEG_ENOCOMMAND ? EXIT_NO_COMMAND : EXIT_BAD_COMMAND;
	c->state.error = keg_arena_strdup(&c->arena, why->msg);
	c->state.finished = now_ns();
	if (container_write_state(c, !c->record.remove, &ignored) < 0)
		keg_debug("%s", ignored.msg);
}

static int write_pid(const char *path, pid_t pid, struct keg_err *err)
{
	autofree char *text = keg_printf("%d", pid);

	return path ? keg_file_write(AT_FDCWD, path, text, strlen(text), 0644, 0, err) : 0;
}

int lifecycle_start(struct container *c, bool foreground, struct monitor_link *link,
		    struct keg_err *err)
{
	struct monitor_request req = {
		.foreground = foreground,
		.tty = c->record.tty,
		.interactive = c->record.interactive,
	};
	int r = container_open_run(c, err);

	if (r < 0)
		return r;
	if (!c->fresh)
		forget_earlier_run(c);
	r = bundle_prepare(c, err);
	if (r >= 0)
		r = container_mount(c, err);
	if (r >= 0)
		r = place_root(c, err);
	if (r >= 0)
		r = monitor_start(c, &req, link, err);
	if (r < 0) {
		undo_start(c, err);
		return r;
	}
	c->state.pid = r;
	c->state.born = process_born(r);
	c->state.monitor = monitor_pid(c);
	c->state.monitor_born = c->state.monitor ? process_born(c->state.monitor) : 0;
	close(take_fd(&c->rootfs));
	r = write_pid(c->record.pid_file, c->state.pid, err);
	if (r >= 0 && c->state.monitor)
		r = write_pid(c->record.monitor_pid_file, c->state.monitor, err);
	if (r < 0)
		undo_start(c, err);
	return r;
}

int lifecycle_begin(struct container *c, const struct monitor_link *link, struct keg_err *err)
{
	struct container_state before = c->state;

	c->state.status = CONTAINER_RUNNING;
	c->state.started = now_ns();
	c->state.error = NULL;
	int r = container_write_state(c, false, err);
	if (r >= 0)
		r = runtime_call_start(c, err);
	if (r < 0) {
		c->state.started = before.started;
		undo_start(c, err);
		return r;
	}
	monitor_started(link);
	if (c->engine->rootless && c->state.monitor)
		userns_share_publish(c->engine->rundir, c->state.monitor);
	return 0;
}

/* --- end ---------------------------------------------------------------------------------- */

/*
 * Whoever waits for the status of a --rm container holds a shared lock on its run folder until
 * he has read it. One who is stopped must not keep it for ever, hence the limit.
 */
static void wait_for_readers(struct container *c)
{
	struct keg_err ignored;

	if (c->run < 0)
		return;
	for (int waited = 0; waited < READER_WAIT_MS; waited += READER_STEP_MS) {
		if (keg_lock_try_flock(c->run, KEG_LOCK_EXCLUSIVE, &ignored) != 0)
			return;
		poll(NULL, 0, READER_STEP_MS);
	}
}

static int discard(struct container *c, bool volumes, struct keg_err *err)
{
	struct store *store;
	int r = engine_store(c->engine, &store, err);

	if (r >= 0)
		r = container_discard(c, err);
	if (r >= 0)
		r = store_unpin(store, c->record.image_id, c->id, err);
	for (size_t i = 0; r >= 0 && volumes && i < c->record.n_anonymous; i++)
		r = volume_remove(c->engine, c->record.anonymous[i], err);
	return r;
}

int lifecycle_cleanup(struct container *c, struct keg_err *err)
{
	if (is_alive(c))
		return 0;
	if (c->run >= 0) {
		int r = runtime_call_delete(c, err);

		if (r < 0)
			return keg_wrap(err, "clean up container %s", c->id);
		leftover_unmount(c);
	}
	if (c->state.status != CONTAINER_EXITED)
		return 0;
	if (!c->record.remove)
		return container_write_state(c, true, err);
	wait_for_readers(c);
	return discard(c, true, err);
}

int lifecycle_reset(struct container *c, struct keg_err *err)
{
	struct keg_err ignored;

	if (is_alive(c))
		return 0;
	if (runtime_call_delete(c, &ignored) < 0)
		keg_debug("%s", ignored.msg);
	int r = leftover_cgroup(c, err);
	if (r < 0)
		return r;
	forget_earlier_run(c);
	if (c->record.transient)
		c->state.status = CONTAINER_EXITED;
	return lifecycle_cleanup(c, err);
}

int lifecycle_kill(struct container *c, int sig, struct keg_err *err)
{
	if (!is_alive(c))
		return keg_fail(err, KEG_EBUSY,
				"can only kill running containers. %s is in state %s: container "
				"state improper",
				c->id, container_status_name(c->state.status));
	int r = runtime_call_kill(c, sig, false, err);
	if (r < 0 && !process_is(c->state.pid, c->state.born))
		return 0;
	return r;
}

/* Has it ended? Its process may be gone a moment before the monitor has written that down. */
static int read_end(struct container *c, struct keg_err *err)
{
	int r = container_read_state(c, err);

	return r < 0 ? r : !is_alive(c);
}

static int poll_one(int fd, int milliseconds)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, milliseconds);
	while (r < 0 && errno == EINTR);
	return r;
}

/* Wait for the monitor's exit file to appear; the monitor's death ends the waiting as well. */
static int wait_for_file(struct container *c, int milliseconds, struct keg_err *err)
{
	autofd int watch = inotify_init1(IN_CLOEXEC);
	int64_t deadline = now_ns() + (int64_t)milliseconds * 1000000;

	if (watch < 0 ||
	    inotify_add_watch(watch, c->run_path, IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF) < 0)
		return read_end(c, err);
	for (;;) {
		char events[4096];
		int r = read_end(c, err);
		int64_t left = (deadline - now_ns()) / 1000000;

		if (r != 0 || left <= 0)
			return r;
		if (poll_one(watch, (int)left) > 0 && read(watch, events, sizeof events) < 0)
			return read_end(c, err);
	}
}

int lifecycle_wait(struct container *c, int milliseconds, struct keg_err *err)
{
	int r = read_end(c, err);

	if (r != 0)
		return r;
	autofd int process = (int)syscall(SYS_pidfd_open, c->state.pid, 0);
	if (process >= 0 && process_is(c->state.pid, c->state.born)) {
		r = poll_one(process, milliseconds);
		if (r < 0)
			return keg_fail_sys(err, errno, "wait for container %s", c->id);
		if (r == 0)
			return read_end(c, err);
	}
	return wait_for_file(c, FINAL_FILE_MS, err);
}

static int cleanup_locked(struct container *c, struct keg_err *err)
{
	int r = container_lock(c, err);

	if (r == -KEG_ENOTFOUND)
		return 0; /* the monitor's exit command was faster */
	if (r >= 0)
		r = lifecycle_cleanup(c, err);
	container_unlock(c);
	return r;
}

static int send_kill(struct container *c, struct keg_err *err)
{
	int r = runtime_call_kill(c, SIGKILL, false, err);

	if (r < 0 && process_is(c->state.pid, c->state.born) && kill(c->state.pid, SIGKILL) < 0)
		return r;
	r = lifecycle_wait(c, KILL_WAIT_MS, err);
	if (r != 0)
		return r;
	return keg_fail(err, KEG_EBUSY, "container %s does not end after SIGKILL", c->id);
}

int lifecycle_stop(struct container *c, int64_t seconds, struct keg_err *err)
{
	int64_t grace = seconds >= 0 ? seconds : c->record.stop_timeout;
	int killed = 0, r = 0;

	if (c->state.status == CONTAINER_CREATED || c->state.status == CONTAINER_EXITED)
		return cleanup_locked(c, err);
	if (grace > 0) {
		r = lifecycle_kill(c, c->record.stop_signal, err);
		if (r >= 0)
			r = lifecycle_wait(c, grace > 86400 ? 86400000 : (int)grace * 1000, err);
	}
	if (r == 0) {
		killed = 1;
		r = send_kill(c, err);
	}
	if (r >= 0)
		r = cleanup_locked(c, err);
	return r < 0 ? r : killed;
}

int lifecycle_remove(struct container *c, const struct lifecycle_remove *how, struct keg_err *err)
{
	if (is_alive(c)) {
		if (!how->force)
			return keg_fail(err, KEG_EBUSY,
					"cannot remove container %s as it is running - running or "
					"paused containers cannot be removed without force: "
					"container state improper",
					c->id);
		int r = lifecycle_stop(c, how->seconds, err);
		if (r < 0)
			return r;
	}
	int r = container_lock(c, err);
	if (r < 0)
		return r;
	if (is_alive(c))
		return keg_fail(err, KEG_EBUSY, "container %s was started again meanwhile", c->id);
	if (c->run >= 0) {
		r = runtime_call_delete(c, err);
		if (r < 0 && !how->force)
			return keg_wrap(err, "remove container %s", c->id);
		r = leftover_cgroup(c, err);
		if (r < 0)
			return r;
		leftover_unmount(c);
	}
	return discard(c, how->volumes || c->record.remove, err);
}
