/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun start - start a container that was created. */
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

static const struct cli_opt start_opts[] = {
	OPT_END,
};

static int start_run(const struct cli_call *call, struct keg_err *err)
{
	auto(kegrun_context) ctx = { 0 };

	kegrun_context_init(&ctx, call);
	int r = runtime_start(&ctx.runtime, call->operands[0], err);
	return r < 0 ? kegrun_start_failed(err) : 0;
}

const struct cli_cmd kegrun_start = {
	.name = "start",
	.operands = "CONTAINER",
	.summary = "Start a container that was created",
	.alike = "runc start and crun start",
	.opts = start_opts,
	.min = 1,
	.max = 1,
	.completes = CLI_CONTAINER,
	.run = start_run,
};
