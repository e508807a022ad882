/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun events - print a container's statistics, once or again and again, and its OOM kills. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "os/process.h"

enum { NS_PER_MS = 1000000, INTERVAL_MS = 5000 };

struct events_args {
	bool stats;
	const char *interval;
};

static const struct cli_opt events_opts[] = {
	OPT_FLAG(0, "stats", struct events_args, stats, "once, then end"),
	OPT_STRING(0, "interval", struct events_args, interval, "DURATION",
		   "between two statistics (default: 5s)"),
	OPT_END,
};

static void put(struct json_object *obj, const char *name, uint64_t figure)
{
	if (figure != UINT64_MAX)
		json_object_object_add(obj, name, json_object_new_uint64(figure));
}

static struct json_object *child(struct json_object *obj, const char *name)
{
	struct json_object *made = json_object_new_object();

	json_object_object_add(obj, name, made);
	return made;
}

static void put_block_io(struct json_object *data, const struct cgroup_stat *s)
{
	const struct {
		const char *op;
		uint64_t value;
	} rows[] = { { "Read", s->io_read_bytes }, { "Write", s->io_write_bytes } };
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		struct json_object *row;

		if (rows[i].value == UINT64_MAX)
			continue;
		row = json_object_new_object();
		json_object_object_add(row, "op", json_object_new_string(rows[i].op));
		put(row, "value", rows[i].value);
		json_object_array_add(list, row);
	}
	json_object_object_add(child(data, "blkio"), "ioServiceBytesRecursive", list);
}

/* The members are runc's. */
static struct json_object *stats_json(const char *id, const struct cgroup_stat *s)
{
	struct json_object *doc = json_object_new_object();

	json_object_object_add(doc, "type", json_object_new_string("stats"));
	json_object_object_add(doc, "id", json_object_new_string(id));
	struct json_object *data = child(doc, "data");
	struct json_object *cpu = child(child(data, "cpu"), "usage");
	put(cpu, "total", s->cpu_usage_ns);
	put(cpu, "kernel", s->cpu_system_ns);
	put(cpu, "user", s->cpu_user_ns);
	struct json_object *memory = child(data, "memory");
	put(memory, "cache", s->memory_inactive_file);
	struct json_object *usage = child(memory, "usage");
	put(usage, "limit", s->memory_limit);
	put(usage, "usage", s->memory_usage);
	put(usage, "max", s->memory_peak);
	struct json_object *pids = child(data, "pids");
	put(pids, "current", s->pids_current);
	put(pids, "limit", s->pids_limit);
	put_block_io(data, s);
	return doc;
}

static void print_line(struct json_object *doc)
{
	puts(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
}

static int print_stats(const struct kegrun_context *ctx, const char *id, uint64_t *oom_kills,
		       struct keg_err *err)
{
	struct cgroup_stat stat;
	int r = runtime_stat(&ctx->runtime, id, &stat, err);

	if (r < 0)
		return r;
	autojson doc = stats_json(id, &stat);
	print_line(doc);
	if (stat.oom_kills == UINT64_MAX)
		return 0;
	for (; *oom_kills < stat.oom_kills; (*oom_kills)++) {
		autojson oom = json_object_new_object();

		json_object_object_add(oom, "type", json_object_new_string("oom"));
		json_object_object_add(oom, "id", json_object_new_string(id));
		print_line(oom);
	}
	return 0;
}

/* Until the container ends. */
static int follow(const struct kegrun_context *ctx, const char *id, int interval_ms,
		  struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct runtime_state state;
	uint64_t oom_kills = 0;
	int r = runtime_state(&ctx->runtime, id, &state, &arena, err);

	if (r < 0)
		return r;
	if (state.status == RUNTIME_STOPPED)
		return keg_fail(err, KEG_EBUSY, "container with id %s is not running", id);
	autofd int pidfd = process_open(state.pid, err);
	if (pidfd < 0)
		return pidfd;
	for (;;) {
		struct pollfd ended = { .fd = pidfd, .events = POLLIN };
		int ready = poll(&ended, 1, interval_ms);

		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "wait");
		/* One that ended between the two calls is no error. */
		if (ready == 0 && print_stats(ctx, id, &oom_kills, err) < 0)
			return poll(&ended, 1, 0) > 0 ? 0 : -(int)err->code;
	}
}

static int events_run(const struct cli_call *call, struct keg_err *err)
{
	const struct events_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	int64_t interval = (int64_t)INTERVAL_MS * NS_PER_MS;
	uint64_t oom_kills = UINT64_MAX;

	if (args->interval && keg_duration_parse(args->interval, &interval, err) < 0)
		return keg_wrap(err, "--interval");
	if (interval < NS_PER_MS || interval / NS_PER_MS > INT32_MAX)
		return keg_fail(err, KEG_EUSAGE, "duration interval must be greater than 0");
	kegrun_context_init(&ctx, call);
	if (args->stats)
		return print_stats(&ctx, call->operands[0], &oom_kills, err);
	return follow(&ctx, call->operands[0], (int)(interval / NS_PER_MS), err);
}

const struct cli_cmd kegrun_events = {
	.name = "events",
	.operands = "CONTAINER",
	.summary = "Print a container's statistics and its OOM kills as JSON lines",
	.alike = "runc events",
	.opts = events_opts,
	.args_size = sizeof(struct events_args),
	.min = 1,
	.max = 1,
	.completes = CLI_RUNNING,
	.run = events_run,
};
