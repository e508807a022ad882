/* SPDX-License-Identifier: Apache-2.0 */
/* keg system prune - remove whatever nothing uses. */
#include "base/num.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/prune_report.h"
#include "engine/check.h"

struct system_prune_args {
	bool all, build, external, force, volumes;
	struct keg_strv filters;
};

static const struct cli_opt system_prune_opts[] = {
	OPT_FLAG('a', "all", struct system_prune_args, all,
		 "Remove all unused images, not just dangling ones"),
	OPT_FLAG(0, "build", struct system_prune_args, build, "Remove build containers"),
	OPT_FLAG(0, "external", struct system_prune_args, external,
		 "Remove what crashes left in the storage, and nothing else"),
	OPT_STRINGS(0, "filter", struct system_prune_args, filters, "KEY=VALUE",
		    "Only what the conditions hold for: label, label!, until"),
	OPT_FLAG('f', "force", struct system_prune_args, force, "Do not prompt for confirmation"),
	OPT_FLAG(0, "volumes", struct system_prune_args, volumes, "Remove unused volumes"),
	OPT_END,
};

static int confirm(const struct system_prune_args *args, struct keg_err *err)
{
	autofree char *warning = keg_printf(
		"WARNING! This command removes:\n\t- all stopped containers\n%s%s\t- all %s\n\n",
		args->volumes ? "\t- all volumes not used by at least one container\n" : "",
		args->build ? "\t- all build containers\n" : "",
		args->all ? "images without at least one container associated with them"
			  : "dangling images");

	return prune_confirm(warning, err);
}

static void found(void *ctx, const char *what, const char *name, bool repaired)
{
	(void)ctx;
	if (!repaired)
		fprintf(stderr, "%s: %s\n", name, what);
}

static int prune_external(struct engine *engine, const struct system_prune_args *args,
			  struct keg_err *err)
{
	const struct engine_check how = { .repair = true,
					  .max_age = ENGINE_CHECK_MAX_AGE,
					  .report = found };

	if (args->all || args->volumes || args->build || args->filters.n > 0)
		return keg_fail(err, KEG_EUSAGE,
				"system prune --external cannot be combined with other options");
	int r = engine_check(engine, &how, err);
	return r < 0 ? r : 0;
}

struct step {
	bool wanted;
	const char *heading;
	int (*prune)(struct engine *engine, const struct prune_request *want,
		     struct prune_result *out, struct keg_err *err);
};

static int prune_builds(struct engine *engine, const struct prune_request *want,
			struct prune_result *out, struct keg_err *err)
{
	(void)want;
	return prune_build_containers(engine, out, err);
}

static int prune_all(struct engine *engine, const struct system_prune_args *args,
		     struct keg_err *err)
{
	const struct prune_request want = { args->all, false, &args->filters };
	const struct step steps[] = {
		{ args->build, "Deleted Build Containers", prune_builds },
		{ true, "Deleted Containers", prune_containers },
		{ args->volumes, "Deleted Volumes", prune_volumes },
		{ true, "Deleted Images", prune_images },
	};
	uint64_t bytes = 0;

	for (size_t i = 0; i < KEG_COUNT(steps); i++) {
		auto(prune_result) result = { 0 };
		int r = steps[i].wanted ? steps[i].prune(engine, &want, &result, err) : 0;

		prune_print(&result, steps[i].heading);
		if (r < 0)
			return r;
		bytes += result.bytes;
	}
	autofree char *size = keg_format_bytes_tight(bytes);
	printf("Total reclaimed space: %s\n", size);
	return 0;
}

static int system_prune_run(const struct cli_call *call, struct keg_err *err)
{
	const struct system_prune_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	int r = args->force || args->external ? 1 : confirm(args, err);

	if (r <= 0)
		return r;
	r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = engine_enter(&engine, err);
	if (r < 0)
		return r;
	return args->external ? prune_external(&engine, args, err) : prune_all(&engine, args, err);
}

const struct cli_cmd cmd_system_prune = {
	.name = "prune",
	.summary = "Remove unused data",
	.opts = system_prune_opts,
	.args_size = sizeof(struct system_prune_args),
	.run = system_prune_run,
};
