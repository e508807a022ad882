/* SPDX-License-Identifier: Apache-2.0 */
/* keg system check - find, and with --repair remove, what crashes left and what is damaged. */
#include "base/clock.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/check.h"
#include "image/transfer.h"

struct system_check_args {
	bool force, quick, repair;
	const char *max;
};

static const struct cli_opt system_check_opts[] = {
	OPT_FLAG('f', "force", struct system_check_args, force,
		 "Remove damaged images with the containers that use them"),
	OPT_STRING('m', "max", struct system_check_args, max, "TIME",
		   "Age at which a layer of no image is taken for what a canceled pull left "
		   "(default 24h)"),
	OPT_FLAG('q', "quick", struct system_check_args, quick,
		 "Skip reading the files of all layers"),
	OPT_FLAG('r', "repair", struct system_check_args, repair, "Remove or mend what is found"),
	OPT_END,
};

static void print_finding(void *ctx, const char *what, const char *name, bool repaired)
{
	(void)ctx;
	printf("%s: %s%s\n", name, what, repaired ? " (repaired)" : "");
}

static void add_damaged(void *ctx, const char *layer, const char *why)
{
	struct keg_strv *damaged = ctx;

	printf("%s: damaged layer: %s\n", layer, why);
	keg_strv_add(damaged, layer);
}

static int read_layers(struct engine *engine, struct keg_strv *damaged, struct keg_err *err)
{
	const struct transfer_table *transfer;
	struct image_access access;
	const struct transfer_check req = { &access, add_damaged, damaged };
	int r = keg_access(engine, NULL, NULL, &access, err);

	if (r >= 0)
		r = transfer_open(&transfer, err);
	return r < 0 ? r : transfer->check(&req, err);
}

static int system_check_run(const struct cli_call *call, struct keg_err *err)
{
	const struct system_check_args *args = call->args;
	auto(keg_strv) damaged = { 0 };
	struct engine_check how = { .repair = args->repair || args->force,
				    .containers = args->force,
				    .max_age = ENGINE_CHECK_MAX_AGE,
				    .damaged = &damaged,
				    .report = print_finding };
	auto(engine) engine = ENGINE_INIT;
	int64_t max;
	int r = args->max ? keg_duration_parse(args->max, &max, err) : 0;

	if (r < 0)
		return keg_wrap(err, "--max");
	if (args->max)
		how.max_age = max / KEG_NS_PER_S;
	r = keg_engine(call, &engine, err);
	if (r >= 0 && !args->quick)
		r = read_layers(&engine, &damaged, err);
	if (r >= 0)
		r = engine_check(&engine, &how, err);
	if (r <= 0)
		return r;
	keg_fail(err, KEG_ECORRUPT, "damage detected in local storage: %d finding%s", r,
		 r == 1 ? "" : "s");
	return how.repair ? keg_hint(err, "--force also removes damaged images that are in use")
			  : keg_hint(err, "Run: keg system check --repair");
}

const struct cli_cmd cmd_system_check = {
	.name = "check",
	.summary = "Check and repair the local storage of containers and images",
	.opts = system_check_opts,
	.args_size = sizeof(struct system_check_args),
	.run = system_check_run,
};
