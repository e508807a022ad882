/* SPDX-License-Identifier: Apache-2.0 */
/* keg manifest push, rm - a manifest list of the store to a registry, and away. */
#include <stdio.h>

#include "cli/progress.h"
#include "cli/retry.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/manifest_find.h"
#include "cmd/keg/push_options.h"
#include "engine/image_remove.h"

struct push_args {
	struct access_args access;
	struct push_how how;
	struct cli_retry retry;
	int all;
	bool rm;
};

static const struct cli_opt push_opts[] = {
	OPT_GROUP(struct push_args, access, access_args, access_opts),
	OPT_TRISTATE(0, "all", struct push_args, all, "Also push the images in the list (default)"),
	OPT_GROUP(struct push_args, how, push_how, push_how_opts),
	OPT_FLAG('p', "purge", struct push_args, rm, "The same as --rm", .flags = CLI_HIDDEN),
	OPT_GROUP(struct push_args, retry, cli_retry, cli_retry_opts),
	OPT_FLAG(0, "rm", struct push_args, rm, "Remove the manifest list if push succeeds"),
	OPT_REFUSED(0, "add-compression", "FORMAT"),
	OPT_END,
};

struct rm_args {
	bool ignore;
};

static const struct cli_opt rm_opts[] = {
	OPT_FLAG('i', "ignore", struct rm_args, ignore,
		 "Ignore errors when a specified manifest list is missing"),
	OPT_END,
};

static void push_defaults(void *args)
{
	struct push_args *a = args;

	a->access.tls_verify = -1;
	a->all = 1;
}

static int remove_list(struct engine *engine, const char *text, struct keg_err *err)
{
	const struct image_remove_how how = { 0 };
	auto(image_removal) removal = { 0 };
	struct store_image list;
	int r = manifest_list_find(engine, text, &list, NULL, err);

	if (r >= 0)
		r = image_remove(engine, text, &how, &removal, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < removal.untagged.n; i++)
		printf("Untagged: %s\n", removal.untagged.v[i]);
	if (removal.deleted)
		printf("Deleted: %s\n", removal.deleted);
	return 0;
}

static int push(const struct cli_call *call, struct engine *engine, const struct transfer_push *how,
		struct keg_err *err)
{
	const struct push_args *args = call->args;
	const struct transfer_table *transfer;
	struct image_access access;
	struct store_image list;
	struct transfer_push req = *how;
	int r = keg_access(engine, &args->access, NULL, &access, err);

	if (r >= 0)
		r = cli_retry_take(&args->retry, &access, err);
	if (r >= 0)
		r = manifest_list_find(engine, call->operands[0], &list, NULL, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	req.access = &access;
	req.image = list.id;
	req.dest = call->operands[call->n_operands - 1];
	return transfer->push(&req, err);
}

static int push_run(const struct cli_call *call, struct keg_err *err)
{
	const struct push_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	autofree char *digest = NULL;
	struct transfer_push req = {
		.how = { .which = args->all ? IMAGE_COPY_ALL : IMAGE_COPY_INDEX_ONLY },
		.digest = &digest,
	};
	int r = push_how_take(&args->how, &engine.arena, &req.how, &req.signing, err);

	if (r >= 0)
		r = keg_engine(call, &engine, err);
	if (r < 0)
		return r;
	autoptr(cli_progress) progress = cli_progress_new(stderr, args->how.quiet);
	req.how.progress = cli_progress_sink(progress);
	r = push(call, &engine, &req, err);
	if (r >= 0)
		r = push_write_digest(&args->how, digest, err);
	if (r >= 0 && args->rm)
		r = remove_list(&engine, call->operands[0], err);
	return r;
}

static int rm_run(const struct cli_call *call, struct keg_err *err)
{
	const struct rm_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	int r = keg_engine(call, &engine, err);

	for (int i = 0; r >= 0 && i < call->n_operands; i++) {
		r = remove_list(&engine, call->operands[i], err);
		if (r == -KEG_ENOTFOUND && args->ignore)
			r = 0;
	}
	return r;
}

const struct cli_cmd cmd_manifest_push = {
	.name = "push",
	.operands = "LIST [DESTINATION]",
	.summary = "Push a manifest list or image index to a registry",
	.opts = push_opts,
	.args_size = sizeof(struct push_args),
	.defaults = push_defaults,
	.min = 1,
	.max = 2,
	.completes = CLI_IMAGE,
	.run = push_run,
};

const struct cli_cmd cmd_manifest_rm = {
	.name = "rm",
	.operands = "LIST [LIST...]",
	.summary = "Remove manifest list or image index from local storage",
	.opts = rm_opts,
	.args_size = sizeof(struct rm_args),
	.min = 1,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = rm_run,
};
