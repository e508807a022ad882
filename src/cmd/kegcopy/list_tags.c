/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy list-tags - the tags of a repository, or of a docker-archive. */
#include <stdio.h>

#include "cmd/kegcopy/access.h"
#include "cmd/kegcopy/commands.h"
#include "image/transfer.h"

struct list_tags_args {
	struct side_args side;
	struct cli_retry retry;
};

static const struct cli_opt list_tags_opts[] = {
	OPT_GROUP(struct list_tags_args, side, side_args, side_opts),
	OPT_GROUP(struct list_tags_args, retry, cli_retry, cli_retry_times_opts),
	OPT_END,
};

static void list_tags_defaults(void *args)
{
	((struct list_tags_args *)args)->side.tls_verify = -1;
}

static int list_tags_run(const struct cli_call *call, struct keg_err *err)
{
	const struct list_tags_args *args = call->args;
	const char *const names[] = { call->operands[0], NULL };
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct image_access access;

	int r = copy_access(call->globals, &args->side, names, &arena, &access, err);
	if (r >= 0)
		r = cli_retry_take(&args->retry, &access, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	r = transfer->list_tags(&access, names[0], &text, err);
	if (r < 0)
		return r;
	printf("%s\n", keg_buf_text(&text));
	return 0;
}

const struct cli_cmd cmd_list_tags = {
	.name = "list-tags",
	.operands = "SOURCE-IMAGE",
	.summary = "List tags in the transport/repository specified by the SOURCE-IMAGE",
	.opts = list_tags_opts,
	.args_size = sizeof(struct list_tags_args),
	.defaults = list_tags_defaults,
	.min = 1,
	.max = 1,
	.run = list_tags_run,
};
