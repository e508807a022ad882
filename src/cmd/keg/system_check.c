/* SPDX-License-Identifier: Apache-2.0 */
/* keg system check - find, and with --repair remove, what crashes left. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/check.h"

struct system_check_args {
	bool quiet, repair;
};

static const struct cli_opt system_check_opts[] = {
	OPT_FLAG('q', "quiet", struct system_check_args, quiet, "Skip printing the findings"),
	OPT_FLAG('r', "repair", struct system_check_args, repair, "Remove or mend what is found"),
	OPT_REFUSED('f', "force", NULL),
	OPT_REFUSED('m', "max", "TIME"),
	OPT_END,
};

static void print_finding(void *ctx, const char *what, const char *name, bool repaired)
{
	const struct system_check_args *args = ctx;

	if (!args->quiet)
		printf("%s: %s%s\n", name, what, repaired ? " (repaired)" : "");
}

static int system_check_run(const struct cli_call *call, struct keg_err *err)
{
	struct system_check_args *args = call->args;
	const struct engine_check how = {
		.repair = args->repair,
		.report = print_finding,
		.ctx = args,
	};
	auto(engine) engine = ENGINE_INIT;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = engine_check(&engine, &how, err);
	if (r <= 0)
		return r;
	keg_fail(err, KEG_ECORRUPT, "damage detected in local storage: %d finding%s", r,
		 r == 1 ? "" : "s");
	return args->repair ? -KEG_ECORRUPT : keg_hint(err, "Run: keg system check --repair");
}

const struct cli_cmd cmd_system_check = {
	.name = "check",
	.summary = "Check and repair the local storage of containers and images",
	.opts = system_check_opts,
	.args_size = sizeof(struct system_check_args),
	.run = system_check_run,
};
