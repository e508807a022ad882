/* SPDX-License-Identifier: Apache-2.0 */
/* keg stop, keg container stop - end containers, gently first. */
#include "base/log.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/lifecycle.h"
#include "os/signal_names.h"

struct stop_args {
	struct select_args select;
	int64_t time;
};

static const struct cli_opt stop_select_rows[] = {
	SELECT_ALL('a', "Stop all running containers"),
	SELECT_CIDFILE,
	SELECT_FILTER('f'),
	SELECT_IGNORE,
	SELECT_LATEST,
	OPT_END,
};

static const struct cli_opt stop_opts[] = {
	OPT_GROUP(struct stop_args, select, select_args, stop_select_rows),
	OPT_INT('t', "time", struct stop_args, time, "SECONDS",
		"Seconds to wait for stop before killing the container"),
	OPT_END,
};

static void stop_defaults(void *args)
{
	((struct stop_args *)args)->time = -1;
}

static int stop_one(void *ctx, struct container *c, const char *name, struct keg_err *err)
{
	const struct stop_args *args = ctx;
	int64_t seconds = args->time >= 0 ? args->time : c->record.stop_timeout;
	int r = lifecycle_stop(c, args->time, err);

	if (r < 0)
		return r;
	if (r > 0 && seconds > 0)
		keg_warn("StopSignal SIG%s failed to stop container %s in %lld seconds, resorting "
			 "to SIGKILL",
			 signal_name(c->record.stop_signal) ? signal_name(c->record.stop_signal)
							    : "RT",
			 c->record.name, (long long)seconds);
	printf("%s\n", name);
	return 0;
}

static int stop_run(const struct cli_call *call, struct keg_err *err)
{
	struct stop_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	const struct select_request req = {
		.call = call,
		.args = &args->select,
		.engine = &engine,
		.only_running = true,
		.nothing = "you must provide at least one name or id",
		.each = stop_one,
		.ctx = args,
	};
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = engine_enter(&engine, err);
	return r < 0 ? r : select_each(&req, err);
}

const struct cli_cmd cmd_container_stop = {
	.name = "stop",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Stop one or more containers",
	.opts = stop_opts,
	.args_size = sizeof(struct stop_args),
	.defaults = stop_defaults,
	.max = -1,
	.completes = CLI_RUNNING,
	.run = stop_run,
};
