/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun resume - let a paused container go on. */
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

static const struct cli_opt resume_opts[] = {
	OPT_END,
};

static int resume_run(const struct cli_call *call, struct keg_err *err)
{
	auto(kegrun_context) ctx = { 0 };

	kegrun_context_init(&ctx, call);
	return runtime_resume(&ctx.runtime, call->operands[0], err);
}

const struct cli_cmd kegrun_resume = {
	.name = "resume",
	.operands = "CONTAINER",
	.summary = "Let a paused container go on",
	.alike = "runc resume and crun resume",
	.opts = resume_opts,
	.min = 1,
	.max = 1,
	.completes = CLI_RUNNING,
	.run = resume_run,
};
