/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun delete - remove what a container held. */
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "cmd/kegrun/matching.h"

struct delete_args {
	bool force, regex;
};

static const struct cli_opt delete_opts[] = {
	OPT_FLAG('f', "force", struct delete_args, force, "kill it first if it still runs"),
	OPT_FLAG('r', "regex", struct delete_args, regex,
		 "each container whose id the regular expression matches"),
	OPT_END,
};

static int delete_one(const struct kegrun_context *ctx, const char *id, const void *data,
		      struct keg_err *err)
{
	const struct delete_args *args = data;

	return runtime_delete(&ctx->runtime, id, args->force, err);
}

static int delete_run(const struct cli_call *call, struct keg_err *err)
{
	const struct delete_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };

	if (args->regex)
		return matching_each(call, call->operands[0], delete_one, args, err);
	kegrun_context_init(&ctx, call);
	return delete_one(&ctx, call->operands[0], args, err);
}

const struct cli_cmd kegrun_delete = {
	.name = "delete",
	.operands = "CONTAINER",
	.summary = "Remove what a container held",
	.alike = "runc delete and crun delete",
	.opts = delete_opts,
	.args_size = sizeof(struct delete_args),
	.min = 1,
	.max = 1,
	.completes = CLI_CONTAINER,
	.run = delete_run,
};
