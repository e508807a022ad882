/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy delete - remove an image where it is kept. */
#include "cmd/kegcopy/access.h"
#include "cmd/kegcopy/commands.h"
#include "image/transfer.h"

struct delete_args {
	struct side_args side;
	struct cli_retry retry;
};

static const struct cli_opt delete_opts[] = {
	OPT_GROUP(struct delete_args, side, side_args, side_opts),
	OPT_GROUP(struct delete_args, retry, cli_retry, cli_retry_times_opts),
	OPT_END,
};

static void delete_defaults(void *args)
{
	((struct delete_args *)args)->side.tls_verify = -1;
}

static int delete_run(const struct cli_call *call, struct keg_err *err)
{
	const struct delete_args *args = call->args;
	const char *const names[] = { call->operands[0], NULL };
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	struct image_access access;

	int r = copy_access(call->globals, &args->side, names, &arena, &access, err);
	if (r >= 0)
		r = cli_retry_take(&args->retry, &access, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	return transfer->remove(&access, names[0], err);
}

const struct cli_cmd cmd_delete = {
	.name = "delete",
	.operands = "IMAGE-NAME",
	.summary = "Delete image IMAGE-NAME",
	.opts = delete_opts,
	.args_size = sizeof(struct delete_args),
	.defaults = delete_defaults,
	.min = 1,
	.max = 1,
	.completes = CLI_IMAGE,
	.run = delete_run,
};
