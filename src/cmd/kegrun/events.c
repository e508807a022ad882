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

static void print_line(struct json_object *doc)
{
	puts(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
}

static void print_event(const char *id, const char *type, struct json_object *data)
{
	autojson doc = json_object_new_object();

	keg_json_put_str(doc, "type", type);
	keg_json_put_str(doc, "id", id);
	if (data)
		json_object_object_add(doc, "data", data);
	print_line(doc);
}

static int print_stats(const struct kegrun_context *ctx, const char *id, struct keg_err *err)
{
	struct json_object *data;
	int r = runtime_stats(&ctx->runtime, id, &data, err);

	if (r < 0)
		return r;
	print_event(id, "stats", data);
	return 0;
}

/* Those since the last time. */
static int print_ooms(const struct kegrun_context *ctx, const char *id, uint64_t *seen,
		      struct keg_err *err)
{
	struct cgroup_stat stat;
	int r = runtime_stat(&ctx->runtime, id, &stat, err);

	if (r < 0)
		return r;
	for (; stat.oom_kills != UINT64_MAX && *seen < stat.oom_kills; (*seen)++)
		print_event(id, "oom", NULL);
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
		/* One that ended between the calls is no error. */
		if (ready == 0 &&
		    (print_stats(ctx, id, err) < 0 || print_ooms(ctx, id, &oom_kills, err) < 0))
			return poll(&ended, 1, 0) > 0 ? 0 : -(int)err->code;
	}
}

static int events_run(const struct cli_call *call, struct keg_err *err)
{
	const struct events_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	int64_t interval = (int64_t)INTERVAL_MS * NS_PER_MS;

	if (args->interval && keg_duration_parse(args->interval, &interval, err) < 0)
		return keg_wrap(err, "--interval");
	if (interval < NS_PER_MS || interval / NS_PER_MS > INT32_MAX)
		return keg_fail(err, KEG_EUSAGE, "duration interval must be greater than 0");
	kegrun_context_init(&ctx, call);
	if (args->stats)
		return print_stats(&ctx, call->operands[0], err);
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
