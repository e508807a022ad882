/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun state - print what a container is doing. */
#include <stdio.h>

#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "cmd/kegrun/state_json.h"

static const struct cli_opt state_opts[] = {
	OPT_END,
};

static int state_run(const struct cli_call *call, struct keg_err *err)
{
	auto(kegrun_context) ctx = { 0 };
	auto(keg_arena) arena = { 0 };
	struct runtime_state state;

	kegrun_context_init(&ctx, call);
	int r = runtime_state(&ctx.runtime, call->operands[0], &state, &arena, err);
	if (r < 0)
		return r;
	/* As runc, which names the owner in its list only. */
	state.owner = "";
	autojson doc = state_json(&state);
	puts(json_object_to_json_string_ext(doc, STATE_JSON_STYLE));
	return 0;
}

const struct cli_cmd kegrun_state = {
	.name = "state",
	.operands = "CONTAINER",
	.summary = "Print what a container is doing, as JSON",
	.alike = "runc state and crun state",
	.opts = state_opts,
	.min = 1,
	.max = 1,
	.completes = CLI_CONTAINER,
	.run = state_run,
};
