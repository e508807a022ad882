/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun delete - remove what a container held. */
#include <regex.h>

#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

struct delete_args {
	bool force, regex;
};

static const struct cli_opt delete_opts[] = {
	OPT_FLAG('f', "force", struct delete_args, force, "kill it first if it still runs"),
	OPT_FLAG(0, "regex", struct delete_args, regex,
		 "the operand is a regular expression for ids"),
	OPT_END,
};

static int delete_matching(const struct kegrun_context *ctx, const char *pattern, bool force,
			   struct keg_err *err)
{
	auto(keg_strv) ids = { 0 };
	regex_t regex;
	int r = 0;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return keg_fail(err, KEG_EUSAGE, "invalid regular expression %s", pattern);
	r = runtime_list(&ctx->runtime, &ids, err);
	for (size_t i = 0; i < ids.n && r >= 0; i++) {
		if (regexec(&regex, ids.v[i], 0, NULL, 0) == 0)
			r = runtime_delete(&ctx->runtime, ids.v[i], force, err);
	}
	regfree(&regex);
	return r;
}

static int delete_run(const struct cli_call *call, struct keg_err *err)
{
	const struct delete_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };

	kegrun_context_init(&ctx, call);
	if (args->regex)
		return delete_matching(&ctx, call->operands[0], args->force, err);
	return runtime_delete(&ctx.runtime, call->operands[0], args->force, err);
}

const struct cli_cmd kegrun_delete = {
	.name = "delete",
	.operands = "CONTAINER",
	.summary = "Remove what a container held",
	.alike = "runc delete and crun delete",
	.opts = delete_opts,
	.args_size = sizeof(struct delete_args),
	.min = 1,
	.max = 1,
	.completes = CLI_CONTAINER,
	.run = delete_run,
};
