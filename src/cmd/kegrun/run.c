/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun run - make a container, start it, and stay until it ends. */
#include "cmd/kegrun/bundle_opts.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

struct run_args {
	struct bundle_opts bundle;
	bool detach, keep;
};

static const struct cli_opt run_opts[] = {
	OPT_GROUP(struct run_args, bundle, bundle_opts, bundle_opts_rows),
	OPT_FLAG('d', "detach", struct run_args, detach, "do not wait for its end"),
	OPT_FLAG(0, "keep", struct run_args, keep, "do not delete it afterwards"),
	OPT_END,
};

static int run_run(const struct cli_call *call, struct keg_err *err)
{
	const struct run_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	auto(keg_arena) arena = { 0 };
	struct runtime_create_request req;

	kegrun_context_init(&ctx, call);
	int r = bundle_opts_request(&args->bundle, &req, &arena, err);
	if (r >= 0) {
		req.detach = args->detach;
		req.keep = args->keep;
		r = runtime_run(&ctx.runtime, call->operands[0], &req, err);
	}
	if (r >= 0)
		return r;
	/* runc's words, by which its callers know that the container never ran. */
	keg_wrap(err, "runc run failed");
	return kegrun_start_failed(err);
}

const struct cli_cmd kegrun_run = {
	.name = "run",
	.operands = "CONTAINER",
	.summary = "Make a container, start it, and stay until it ends",
	.alike = "runc run and crun run",
	.opts = run_opts,
	.args_size = sizeof(struct run_args),
	.min = 1,
	.max = 1,
	.run = run_run,
};
