/* SPDX-License-Identifier: Apache-2.0 */
/* keg create, keg container create - make a container and do not start it. */
#include "cmd/keg/commands.h"
#include "cmd/keg/container_options.h"

static void create_defaults(void *args)
{
	create_args_defaults(args);
}

static int create_run(const struct cli_call *call, struct keg_err *err)
{
	auto(engine) engine = ENGINE_INIT;
	auto(container) c = CONTAINER_INIT;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = create_container(call, call->args, &engine, NULL, &c, err);
	if (r < 0)
		return r;
	printf("%s\n", c.id);
	return 0;
}

const struct cli_cmd cmd_container_create = {
	.name = "create",
	.operands = "IMAGE [COMMAND [ARG...]]",
	.summary = "Create but do not start a container",
	.opts = create_rows,
	.args_size = sizeof(struct create_args),
	.defaults = create_defaults,
	.min = 1,
	.max = -1,
	.stop_at_operand = true,
	.completes = CLI_IMAGE,
	.run = create_run,
};
