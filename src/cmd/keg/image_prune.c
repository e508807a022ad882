/* SPDX-License-Identifier: Apache-2.0 */
/* keg image prune - remove images that nothing uses. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/prune_report.h"

struct image_prune_args {
	bool all, external, force;
	struct keg_strv filters;
};

static const struct cli_opt image_prune_opts[] = {
	OPT_FLAG('a', "all", struct image_prune_args, all,
		 "Remove all images not in use by containers, not just dangling ones"),
	OPT_FLAG(0, "external", struct image_prune_args, external,
		 "Remove images even when they are used by external containers, with these"),
	OPT_STRINGS(0, "filter", struct image_prune_args, filters, "KEY=VALUE",
		    "Only what the conditions hold for: label, label!, until"),
	OPT_FLAG('f', "force", struct image_prune_args, force, "Do not prompt for confirmation"),
	OPT_REFUSED(0, "build-cache", NULL),
	OPT_END,
};

static int image_prune_run(const struct cli_call *call, struct keg_err *err)
{
	const struct image_prune_args *args = call->args;
	const struct prune_request want = { args->all, args->external, &args->filters };
	auto(engine) engine = ENGINE_INIT;
	auto(prune_result) result = { 0 };
	int r = args->force
			? 1
			: prune_confirm(args->all ? "WARNING! This command removes all images "
						    "without at least one container associated "
						    "with them.\n"
						  : "WARNING! This command removes all dangling "
						    "images.\n",
					err);

	if (r <= 0)
		return r;
	r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = prune_images(&engine, &want, &result, err);
	prune_print(&result, NULL);
	return r;
}

const struct cli_cmd cmd_image_prune = {
	.name = "prune",
	.summary = "Remove unused images",
	.opts = image_prune_opts,
	.args_size = sizeof(struct image_prune_args),
	.run = image_prune_run,
};
