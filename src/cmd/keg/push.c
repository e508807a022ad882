/* SPDX-License-Identifier: Apache-2.0 */
/* keg push, keg image push - an image of the store to a registry, or to any other place. */
#include "cli/progress.h"
#include "cli/retry.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/push_options.h"
#include "engine/image_find.h"

struct push_args {
	struct access_args access;
	struct push_how how;
	struct cli_retry retry;
	bool compress, trust;
};

static const struct cli_opt push_opts[] = {
	OPT_GROUP(struct push_args, access, access_args, access_opts),
	OPT_FLAG(0, "compress", struct push_args, compress,
		 "Compress layers when the destination is a folder (dir:)"),
	OPT_FLAG(0, "disable-content-trust", struct push_args, trust,
		 "Docker's option; there is nothing to disable", .flags = CLI_HIDDEN),
	OPT_GROUP(struct push_args, how, push_how, push_how_opts),
	OPT_GROUP(struct push_args, retry, cli_retry, cli_retry_opts),
	OPT_REFUSED(0, "encrypt-layer", "N"),
	OPT_REFUSED(0, "encryption-key", "KEY"),
	OPT_END,
};

static void push_defaults(void *args)
{
	((struct push_args *)args)->access.tls_verify = -1;
}

static int push(const struct cli_call *call, struct engine *engine, const struct image_copy *how,
		const struct image_signing *signing, char **digest, struct keg_err *err)
{
	const struct push_args *args = call->args;
	const struct transfer_table *transfer;
	struct image_access access;
	struct store_image image;
	struct store *store;
	const char *name;
	int r = keg_access(engine, &args->access, NULL, &access, err);

	if (r >= 0)
		r = cli_retry_take(&args->retry, &access, err);
	if (r >= 0)
		r = engine_store(engine, &store, err);
	if (r >= 0)
		r = image_find(store, call->operands[0], &engine->arena, &image, &name, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	const char *dest = call->n_operands > 1 ? call->operands[1] : name;
	if (!*dest) {
		keg_fail(err, KEG_EUSAGE, "no destination for the image %s", call->operands[0]);
		return keg_hint(err, "an image that is named by its id wants one");
	}
	const struct transfer_push req = {
		.access = &access,
		.image = *name ? name : image.id,
		.dest = dest,
		.how = *how,
		.signing = *signing,
		.digest = digest,
	};
	return transfer->push(&req, err);
}

static int push_run(const struct cli_call *call, struct keg_err *err)
{
	const struct push_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	/* Of a manifest list all that it names goes along. */
	struct image_copy how = { .which = IMAGE_COPY_ALL, .compress = args->compress };
	struct image_signing signing = { 0 };
	autofree char *digest = NULL;
	int r = push_how_take(&args->how, &engine.arena, &how, &signing, err);

	if (r >= 0)
		r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = push_configured(&engine.config, &how, err);
	if (r < 0)
		return r;
	autoptr(cli_progress) progress = cli_progress_new(stderr, args->how.quiet);
	how.progress = cli_progress_sink(progress);
	r = push(call, &engine, &how, &signing, &digest, err);
	if (r < 0)
		return r;
	cli_progress_summary(progress);
	return push_write_digest(&args->how, digest, err);
}

const struct cli_cmd cmd_push = {
	.name = "push",
	.operands = "IMAGE [DESTINATION]",
	.summary = "Push an image to a specified destination",
	.opts = push_opts,
	.args_size = sizeof(struct push_args),
	.defaults = push_defaults,
	.min = 1,
	.max = 2,
	.completes = CLI_IMAGE,
	.run = push_run,
};
