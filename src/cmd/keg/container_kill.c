/* SPDX-License-Identifier: Apache-2.0 */
/* keg kill, keg container kill - send a signal to containers. */
#include <signal.h>

#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/lifecycle.h"
#include "os/signal_names.h"

struct kill_args {
	struct select_args select;
	const char *signal;
	int number;
};

static const struct cli_opt kill_select_rows[] = {
	SELECT_ALL('a', "Signal all running containers"),
	SELECT_CIDFILE,
	SELECT_LATEST,
	OPT_END,
};

static const struct cli_opt kill_opts[] = {
	OPT_GROUP(struct kill_args, select, select_args, kill_select_rows),
	OPT_STRING('s', "signal", struct kill_args, signal, "SIGNAL",
		   "Signal to send to the container"),
	OPT_END,
};

static int kill_one(void *ctx, struct container *c, const char *name, struct keg_err *err)
{
	const struct kill_args *args = ctx;
	int r = lifecycle_kill(c, args->number, err);

	/* After SIGKILL its end is certain: `keg ps` shall not show it any more. */
	if (r >= 0 && args->number == SIGKILL)
		r = lifecycle_wait(c, -1, err);
	if (r < 0)
		return r;
	printf("%s\n", name);
	return 0;
}

static int kill_run(const struct cli_call *call, struct keg_err *err)
{
	struct kill_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	const struct select_request req = {
		.call = call,
		.args = &args->select,
		.engine = &engine,
		.only_running = true,
		.nothing = "you must provide at least one name or id",
		.each = kill_one,
		.ctx = args,
	};

	args->number = signal_parse(args->signal ? args->signal : "KILL", err);
	if (args->number < 0)
		return args->number;
	int r = keg_engine(call, &engine, err);
	return r < 0 ? r : select_each(&req, err);
}

const struct cli_cmd cmd_container_kill = {
	.name = "kill",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Kill one or more running containers with a specific signal",
	.opts = kill_opts,
	.args_size = sizeof(struct kill_args),
	.max = -1,
	.completes = CLI_RUNNING,
	.run = kill_run,
};
