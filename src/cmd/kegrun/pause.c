/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun pause - stop all processes of a container for a while. */
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

static const struct cli_opt pause_opts[] = {
	OPT_END,
};

static int pause_run(const struct cli_call *call, struct keg_err *err)
{
	auto(kegrun_context) ctx = { 0 };

	kegrun_context_init(&ctx, call);
	return runtime_pause(&ctx.runtime, call->operands[0], err);
}

const struct cli_cmd kegrun_pause = {
	.name = "pause",
	.operands = "CONTAINER",
	.summary = "Stop all processes of a container for a while",
	.alike = "runc pause and crun pause",
	.opts = pause_opts,
	.min = 1,
	.max = 1,
	.completes = CLI_RUNNING,
	.run = pause_run,
};
