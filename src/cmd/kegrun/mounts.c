/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun mounts - give mounts to a running container, and take them away. */
#include <fcntl.h>

#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

static const struct cli_opt mounts_opts[] = {
	OPT_END,
};

static int change(const struct cli_call *call,
		  int (*what)(const struct runtime_context *ctx, const char *id,
			      struct json_object *list, struct keg_err *err),
		  struct keg_err *err)
{
	auto(kegrun_context) ctx = { 0 };
	autojson list = NULL;
	int r = keg_json_read(AT_FDCWD, call->operands[1], OCI_CONFIG_MAX, &list, err);

	if (r < 0)
		return r;
	kegrun_context_init(&ctx, call);
	return what(&ctx.runtime, call->operands[0], list, err);
}

static int add_run(const struct cli_call *call, struct keg_err *err)
{
	return change(call, runtime_mounts_add, err);
}

static int remove_run(const struct cli_call *call, struct keg_err *err)
{
	return change(call, runtime_mounts_remove, err);
}

static const struct cli_cmd mounts_add = {
	.name = "add",
	.operands = "CONTAINER FILE",
	.summary = "Give a running container the mounts of a JSON list",
	.alike = "crun mounts add",
	.opts = mounts_opts,
	.min = 2,
	.max = 2,
	.completes = CLI_RUNNING,
	.run = add_run,
};

static const struct cli_cmd mounts_remove = {
	.name = "remove",
	.operands = "CONTAINER FILE",
	.summary = "Take the mounts of a JSON list from a running container",
	.alike = "crun mounts remove",
	.opts = mounts_opts,
	.min = 2,
	.max = 2,
	.completes = CLI_RUNNING,
	.run = remove_run,
};

static const struct cli_cmd *const mounts_commands[] = { &mounts_add, &mounts_remove, NULL };

const struct cli_cmd kegrun_mounts = {
	.name = "mounts",
	.summary = "Change the mounts of a running container",
	.argp_operands = "[add|remove] CONTAINER FILE",
	.alike = "crun mounts",
	.subcommands = mounts_commands,
};
