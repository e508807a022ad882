/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun kill - send a signal to a container. */
#include <string.h>

#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "os/signal_names.h"

struct kill_args {
	bool all;
};

static const struct cli_opt kill_opts[] = {
	OPT_FLAG('a', "all", struct kill_args, all, "send it to all processes of the container"),
	OPT_END,
};

static int kill_run(const struct cli_call *call, struct keg_err *err)
{
	const struct kill_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	const char *word = call->n_operands > 1 ? call->operands[1] : "TERM";
	/* 0 is no signal, but asks whether one could be sent: kill(2). */
	int sig = strcmp(word, "0") == 0 ? 0 : signal_parse(word, err);

	if (sig < 0)
		return sig;
	kegrun_context_init(&ctx, call);
	return runtime_kill(&ctx.runtime, call->operands[0], sig, args->all, err);
}

const struct cli_cmd kegrun_kill = {
	.name = "kill",
	.operands = "CONTAINER [SIGNAL]",
	.summary = "Send a signal (default: TERM) to a container",
	.alike = "runc kill and crun kill",
	.opts = kill_opts,
	.args_size = sizeof(struct kill_args),
	.min = 1,
	.max = 2,
	.completes = CLI_RUNNING,
	.run = kill_run,
};
