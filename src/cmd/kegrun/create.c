/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun create - make a container that waits for its start. */
#include "cmd/kegrun/bundle_opts.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

struct create_args {
	struct bundle_opts bundle;
};

static const struct cli_opt create_opts[] = {
	OPT_GROUP(struct create_args, bundle, bundle_opts, bundle_opts_rows),
	OPT_END,
};

static int create_run(const struct cli_call *call, struct keg_err *err)
{
	const struct create_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	auto(keg_arena) arena = { 0 };
	struct runtime_create_request req;

	kegrun_context_init(&ctx, call);
	int r = bundle_opts_request(&args->bundle, &req, &arena, err);
	if (r >= 0)
		r = runtime_create(&ctx.runtime, call->operands[0], &req, NULL, err);
	return r < 0 ? kegrun_start_failed(err) : 0;
}

const struct cli_cmd kegrun_create = {
	.name = "create",
	.operands = "CONTAINER",
	.summary = "Make a container that waits for its start",
	.alike = "runc create and crun create",
	.opts = create_opts,
	.args_size = sizeof(struct create_args),
	.min = 1,
	.max = 1,
	.run = create_run,
};
