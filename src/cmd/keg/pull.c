/* SPDX-License-Identifier: Apache-2.0 */
/* keg pull, keg image pull - fetch images from registries and other places. */
#include "cli/progress.h"
#include "cli/retry.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/pull_policy.h"
#include "image/transfer.h"

struct pull_args {
	struct access_args access;
	struct platform_args platform;
	struct cli_retry retry;
	const char *policy;
	bool all_tags, quiet, trust;
};

static const struct cli_opt pull_opts[] = {
	OPT_FLAG('a', "all-tags", struct pull_args, all_tags,
		 "All tagged images in the repository will be pulled"),
	OPT_GROUP(struct pull_args, access, access_args, access_opts),
	OPT_FLAG(0, "disable-content-trust", struct pull_args, trust,
		 "Docker's option; there is nothing to disable", .flags = CLI_HIDDEN),
	OPT_GROUP(struct pull_args, platform, platform_args, platform_opts),
	OPT_STRING(0, "policy", struct pull_args, policy, "POLICY",
		   "Pull always (default), missing, newer or never"),
	OPT_GROUP(struct pull_args, retry, cli_retry, cli_retry_opts),
	OPT_FLAG('q', "quiet", struct pull_args, quiet,
		 "Suppress output information when pulling images"),
	OPT_REFUSED(0, "decryption-key", "KEY[:PASSPHRASE]"),
	OPT_END,
};

static void pull_defaults(void *args)
{
	((struct pull_args *)args)->access.tls_verify = -1;
}

static int pull_one(const struct transfer_table *transfer, struct transfer_pull *req,
		    struct keg_err *err)
{
	auto(keg_strv) ids = { 0 };
	int r = transfer->pull(req, &ids, err);

	for (size_t i = 0; r >= 0 && i < ids.n; i++)
		printf("%s\n", ids.v[i]);
	return r;
}

static int pull_run(const struct cli_call *call, struct keg_err *err)
{
	const struct pull_args *args = call->args;
	const struct transfer_table *transfer;
	auto(engine) engine = ENGINE_INIT;
	enum transfer_pull_policy policy = TRANSFER_PULL_ALWAYS;
	struct image_access access;
	int r = args->policy ? pull_policy_parse(args->policy, &policy, err) : 0;

	if (r >= 0)
		r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = keg_access(&engine, &args->access, &args->platform, &access, err);
	if (r >= 0)
		r = cli_retry_take(&args->retry, &access, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	for (int i = 0; r >= 0 && i < call->n_operands; i++) {
		autoptr(cli_progress) progress = cli_progress_new(stderr, args->quiet);
		struct transfer_pull req = { .access = &access,
					     .name = call->operands[i],
					     .local_id = pull_local_id(&engine, policy,
								       call->operands[i]),
					     .policy = policy,
					     .all_tags = args->all_tags,
					     .progress = cli_progress_sink(progress) };

		r = pull_one(transfer, &req, err);
		if (r >= 0)
			cli_progress_summary(progress);
	}
	return r;
}

const struct cli_cmd cmd_pull = {
	.name = "pull",
	.operands = "IMAGE [IMAGE...]",
	.summary = "Pull an image from a registry",
	.opts = pull_opts,
	.args_size = sizeof(struct pull_args),
	.defaults = pull_defaults,
	.min = 1,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = pull_run,
};
