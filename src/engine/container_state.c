/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a container is what was last written, corrected by what happened since: the
 * monitor leaves the exit status in a file when the container ends, and after a crash of
 * the monitor the process table says whether it still runs.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/container.h"
#include "engine/process.h"
#include "monitor/protocol.h"

enum { MAX_STATE = 1 << 16, EXIT_UNKNOWN = 255 };

static const char *const status_names[] = {
	[CONTAINER_CREATED] = "created",   [CONTAINER_RUNNING] = "running",
	[CONTAINER_STOPPING] = "stopping", [CONTAINER_PAUSED] = "paused",
	[CONTAINER_EXITED] = "exited",
};

const char *container_status_name(enum container_status status)
{
	return status_names[status];
}

/* The status as text, so that a file of another version stays readable. */
struct stored {
	const char *status;
	int pid, monitor;
	uint64_t born, monitor_born;
	int64_t started, finished, restarts;
	int exit_code;
	bool oom_killed;
	const char *error;
};

#define ROW(KIND, name, field) KIND(name, struct stored, field, 0)

static const struct keg_json_field state_rows[] = {
	ROW(JSON_STR, "status", status),
	ROW(JSON_INT, "pid", pid),
	ROW(JSON_U64, "born", born),
	ROW(JSON_INT, "monitor", monitor),
	ROW(JSON_U64, "monitorBorn", monitor_born),
	ROW(JSON_I64, "started", started),
	ROW(JSON_I64, "finished", finished),
	ROW(JSON_I64, "restarts", restarts),
	ROW(JSON_INT, "exitCode", exit_code),
	ROW(JSON_BOOL, "oomKilled", oom_killed),
	ROW(JSON_STR, "error", error),
	JSON_END,
};

static int decode(struct container *c, const struct keg_buf *text, struct keg_err *err)
{
	struct stored s = { 0 };
	autojson tree = NULL;
	int r = keg_json_parse(keg_buf_text(text), text->len, &tree, err);

	if (r >= 0)
		r = keg_json_decode(tree, state_rows, &s, &c->arena, err);
	if (r < 0)
		return keg_wrap(err, "container %s: read its state", c->id);
	c->state = (struct container_state){
		.pid = s.pid,
		.born = s.born,
		.monitor = s.monitor,
		.monitor_born = s.monitor_born,
		.started = s.started,
		.finished = s.finished,
		.restarts = s.restarts,
		.exit_code = s.exit_code,
		.oom_killed = s.oom_killed,
		.error = s.error,
	};
	for (size_t i = 0; s.status && i < KEG_COUNT(status_names); i++) {
		if (strcmp(status_names[i], s.status) == 0)
			c->state.status = (enum container_status)i;
	}
	return 0;
}

static void set_exited(struct container *c, int code, int64_t when)
{
	c->state.status = CONTAINER_EXITED;
	c->state.exit_code = code & 0xff; /* after a timeout it is -1 */
	c->state.finished = when;
	c->state.pid = 0;
	c->state.oom_killed = keg_exists(c->run, MONITOR_FILE_OOM);
}

/* What the monitor left at the end: 1 taken over, 0 nothing there. */
static int take_exit_file(struct container *c)
{
	autofd int fd = openat(c->run, MONITOR_FILE_EXIT, O_RDONLY | O_CLOEXEC);
	struct keg_err ignored;
	char text[16] = "";
	struct stat st;
	int code;

	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || fstat(fd, &st) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (keg_parse_int(text, &code, &ignored) < 0)
		return 0;
	set_exited(c, code, (int64_t)st.st_mtim.tv_sec * KEG_NS_PER_S + st.st_mtim.tv_nsec);
	return 1;
}

static void correct(struct container *c)
{
	struct container_state *s = &c->state;

	if (s->status != CONTAINER_RUNNING && s->status != CONTAINER_STOPPING &&
	    s->status != CONTAINER_PAUSED)
		return;
	if (c->run < 0) {
		set_exited(c, EXIT_UNKNOWN, 0);
		return;
	}
	if (take_exit_file(c) || process_is(s->pid, s->born) ||
	    process_is(s->monitor, s->monitor_born))
		return;
	/* The monitor may have written it just before it went. */
	if (!take_exit_file(c)) {
		struct timespec now = keg_now();

		set_exited(c, EXIT_UNKNOWN, (int64_t)now.tv_sec * KEG_NS_PER_S + now.tv_nsec);
	}
}

int container_read_state(struct container *c, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = -KEG_ENOTFOUND;

	if (c->dir < 0)
		return keg_fail(err, KEG_ENOTFOUND, "container %s is gone: no such container",
				c->id);
	c->state = (struct container_state){ .status = CONTAINER_CREATED };
	if (c->run >= 0)
		r = keg_file_read(c->run, CONTAINER_FILE_STATE, MAX_STATE, &text, err);
	if (r == -KEG_ENOTFOUND)
		r = keg_file_read(c->dir, CONTAINER_FILE_STATE, MAX_STATE, &text, err);
	/* It is not synced: a power cut leaves an empty file, which says as much as none. */
	if (r == -KEG_ENOTFOUND || (r >= 0 && text.len == 0)) {
		/* Whoever made it was gone before the start: it will never run. */
		if (c->record.transient && c->run >= 0)
			take_exit_file(c);
		return 0;
	}
	if (r >= 0)
		r = decode(c, &text, err);
	if (r < 0)
		return r;
	correct(c);
	return 0;
}

int container_write_state(struct container *c, bool final, struct keg_err *err)
{
	const struct container_state *s = &c->state;
	struct stored stored = {
		.status = status_names[s->status],
		.pid = s->pid,
		.born = s->born,
		.monitor = s->monitor,
		.monitor_born = s->monitor_born,
		.started = s->started,
		.finished = s->finished,
		.restarts = s->restarts,
		.exit_code = s->exit_code,
		.oom_killed = s->oom_killed,
		.error = s->error,
	};
	autojson tree = keg_json_encode(state_rows, &stored);
	auto(keg_buf) text = { 0 };

	keg_json_print(tree, &text);
	if (!final)
		return keg_file_write(c->run, CONTAINER_FILE_STATE, text.data, text.len, 0600, 0,
				      err);
	int r = keg_file_write(c->dir, CONTAINER_FILE_STATE, text.data, text.len, 0600, 0, err);
	if (r >= 0 && c->run >= 0)
		unlinkat(c->run, CONTAINER_FILE_STATE, 0);
	return r;
}
