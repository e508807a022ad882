/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun events - print a container's statistics, once or again and again, and its OOM kills. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "os/cgroup.h"
#include "os/process.h"

enum { NS_PER_MS = 1000000, MS_PER_S = 1000, INTERVAL_MS = 5000 };

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

struct follower {
	const struct kegrun_context *ctx;
	const char *id;
	struct cgroup *group;
	struct cgroup_oom oom;
	int pidfd;
	int interval_ms;
};

static void follower_done(struct follower *f)
{
	cgroup_oom_close(&f->oom);
	cgroup_free(f->group);
	if (f->pidfd >= 0)
		close(f->pidfd);
}
KEG_AUTO(follower, follower_done)

static int follower_open(struct follower *f, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct runtime_state state;
	struct keg_err ignored;
	int r = runtime_state(&f->ctx->runtime, f->id, &state, &arena, err);

	if (r < 0)
		return r;
	if (state.status == RUNTIME_STOPPED)
		return keg_fail(err, KEG_EBUSY, "container with id %s is not running", f->id);
	f->pidfd = process_open(state.pid, err);
	if (f->pidfd < 0)
		return f->pidfd;
	/* The statistics say it when there is no group. */
	if (runtime_group(&f->ctx->runtime, f->id, &f->group, &ignored) >= 0 &&
	    cgroup_oom_open(f->group, &f->oom, &ignored) < 0)
		f->oom.fd = -1;
	return 0;
}

static void print_ooms(struct follower *f)
{
	uint64_t n = f->oom.fd >= 0 ? cgroup_oom_take(&f->oom, f->group) : 0;

	while (n-- > 0)
		print_event(f->id, "oom", NULL);
}

/* Until the next statistics are due or the container has ended: 1 ended, 0 due. */
static int wait_for_turn(struct follower *f, struct keg_err *err)
{
	const struct itimerspec turn = {
		.it_value.tv_sec = f->interval_ms / MS_PER_S,
		.it_value.tv_nsec = (long)(f->interval_ms % MS_PER_S) * NS_PER_MS,
	};
	autofd int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (timer < 0 || timerfd_settime(timer, 0, &turn, NULL) < 0)
		return keg_fail_sys(err, errno, "start a timer");
	for (;;) {
		struct pollfd fds[] = { { f->oom.fd, POLLIN, 0 },
					{ f->pidfd, POLLIN, 0 },
					{ timer, POLLIN, 0 } };

		if (poll(fds, KEG_COUNT(fds), -1) < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "wait");
		print_ooms(f);
		if (fds[1].revents || fds[2].revents)
			return fds[1].revents != 0;
	}
}

/* Until the container ends. */
static int follow(struct follower *f, struct keg_err *err)
{
	int r = follower_open(f, err);

	while (r >= 0 && (r = wait_for_turn(f, err)) == 0) {
		struct pollfd ended = { .fd = f->pidfd, .events = POLLIN };

		r = print_stats(f->ctx, f->id, err);
		/* One that ended between the calls is no error. */
		if (r < 0 && poll(&ended, 1, 0) > 0)
			return 0;
	}
	return r < 0 ? r : 0;
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

	auto(follower) f = { .ctx = &ctx,
			     .id = call->operands[0],
			     .oom.fd = -1,
			     .pidfd = -1,
			     .interval_ms = (int)(interval / NS_PER_MS) };
	return follow(&f, err);
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
