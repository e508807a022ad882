/* SPDX-License-Identifier: Apache-2.0 */
/* keg wait, keg container wait - wait for containers to end and print how they did. */
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/lifecycle.h"

struct wait_args {
	struct select_args select;
	struct keg_strv conditions;
	const char *interval;
	int64_t interval_ms;
};

static const struct cli_opt wait_select_rows[] = {
	OPT_FLAG(0, "ignore", struct select_args, ignore,
		 "Ignore errors when a specified container is missing"),
	SELECT_LATEST,
	OPT_END,
};

static const struct cli_opt wait_opts[] = {
	OPT_LIST(0, "condition", struct wait_args, conditions, "STATE",
		 "Condition to wait on: stopped, exited, running, created, paused"),
	OPT_STRING('i', "interval", struct wait_args, interval, "TIME",
		   "Time to wait between looks at a container that does not run yet"),
	OPT_GROUP(struct wait_args, select, select_args, wait_select_rows),
	OPT_END,
};

static bool holds(const struct wait_args *args, const struct container *c)
{
	const char *now = container_status_name(c->state.status);

	for (size_t i = 0; i < args->conditions.n; i++) {
		const char *want = args->conditions.v[i];

		if (strcmp(want, now) == 0 ||
		    (strcmp(want, "stopped") == 0 && c->state.status == CONTAINER_EXITED))
			return true;
	}
	return false;
}

static int check_conditions(const struct wait_args *args, struct keg_err *err)
{
	static const char *const known[] = { "configured", "created", "running", "stopped",
					     "paused",	   "exited",  "stopping" };

	for (size_t i = 0; i < args->conditions.n; i++) {
		bool ok = false;

		for (size_t k = 0; k < KEG_COUNT(known); k++)
			ok |= strcmp(known[k], args->conditions.v[i]) == 0;
		if (!ok)
			return keg_fail(err, KEG_EUSAGE,
					"unknown container state: %s: invalid "
					"argument",
					args->conditions.v[i]);
	}
	return 0;
}

/* One that was not started yet has nothing that could wake us. */
static int wait_for_start(const struct wait_args *args, struct container *c, struct keg_err *err)
{
	int r = 0;

	while (r >= 0 && c->state.status == CONTAINER_CREATED) {
		poll(NULL, 0, (int)args->interval_ms);
		if (c->run < 0) {
			auto(container) again = CONTAINER_INIT;

			r = container_open_id(c->engine, c->id, &again, err);
			if (r < 0)
				return r;
			int run = c->run;
			c->run = again.run;
			again.run = run;
		}
		r = container_read_state(c, err);
	}
	return r;
}

static int wait_one(void *ctx, struct container *c, const char *name, struct keg_err *err)
{
	const struct wait_args *args = ctx;
	struct keg_err ignored;
	int r = 0;

	(void)name;
	if (args->conditions.n) {
		while (r >= 0 && !holds(args, c)) {
			poll(NULL, 0, (int)args->interval_ms);
			r = container_read_state(c, err);
		}
		if (r >= 0)
			printf("%d\n",
			       c->state.status == CONTAINER_EXITED ? c->state.exit_code : -1);
		return r;
	}
	r = wait_for_start(args, c, err);
	/* Who removes a --rm container waits until its status was read. */
	if (r >= 0 && c->run >= 0 && keg_lock_flock(c->run, KEG_LOCK_SHARED, &ignored) < 0)
		keg_debug("%s", ignored.msg);
	while (r >= 0 && c->state.status != CONTAINER_EXITED)
		r = lifecycle_wait(c, -1, err);
	if (r < 0)
		return r;
	printf("%d\n", c->state.exit_code);
	fflush(stdout);
	return 0;
}

static int wait_run(const struct cli_call *call, struct keg_err *err)
{
	enum { DEFAULT_MS = 250, NS_PER_MS = 1000000 };
	struct wait_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	const struct select_request req = {
		.call = call,
		.args = &args->select,
		.engine = &engine,
		.nothing = "\"keg wait\" requires a name, id, or the \"--latest\" flag",
		.each = wait_one,
		.ctx = args,
	};
	int64_t ns = (int64_t)DEFAULT_MS * NS_PER_MS;
	int r = check_conditions(args, err);

	if (r >= 0 && args->interval) {
		uint64_t ms;
		struct keg_err no_number;

		/* As the peers: a plain number is milliseconds. */
		if (keg_parse_u64(args->interval, &ms, &no_number) >= 0 && ms < 86400000)
			ns = (int64_t)ms * NS_PER_MS;
		else
			r = keg_duration_parse(args->interval, &ns, err);
	}
	args->interval_ms = ns / NS_PER_MS ? ns / NS_PER_MS : 1;
	if (r >= 0)
		r = keg_engine(call, &engine, err);
	return r < 0 ? r : select_each(&req, err);
}

const struct cli_cmd cmd_container_wait = {
	.name = "wait",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Block on one or more containers",
	.opts = wait_opts,
	.args_size = sizeof(struct wait_args),
	.max = -1,
	.completes = CLI_CONTAINER,
	.run = wait_run,
};
