/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun kill - send a signal to a container. */
#include <string.h>

#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "cmd/kegrun/matching.h"
#include "os/signal_names.h"

struct kill_args {
	bool all, regex;
};

static const struct cli_opt kill_opts[] = {
	OPT_FLAG('a', "all", struct kill_args, all, "send it to all processes of the container"),
	OPT_FLAG('r', "regex", struct kill_args, regex,
		 "to each container whose id the regular expression matches"),
	OPT_END,
};

struct request {
	int sig;
	bool all;
};

static int kill_one(const struct kegrun_context *ctx, const char *id, const void *data,
		    struct keg_err *err)
{
	const struct request *want = data;

	return runtime_kill(&ctx->runtime, id, want->sig, want->all, err);
}

static int kill_run(const struct cli_call *call, struct keg_err *err)
{
	const struct kill_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	const char *word = call->n_operands > 1 ? call->operands[1] : "TERM";
	/* 0 is no signal, but asks whether one could be sent: kill(2). */
	int sig = strcmp(word, "0") == 0 ? 0 : signal_parse(word, err);

	if (sig < 0)
		return sig;
	const struct request want = { sig, args->all };
	if (args->regex)
		return matching_each(call, call->operands[0], kill_one, &want, err);
	kegrun_context_init(&ctx, call);
	return kill_one(&ctx, call->operands[0], &want, err);
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
