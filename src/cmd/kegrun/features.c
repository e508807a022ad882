/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun features - print what this runtime can do. */
#include <stdio.h>

#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/version.h"
#include "runtime/runtime.h"

enum { INDENT = 4 };

static const struct cli_opt features_opts[] = {
	OPT_END,
};

static int features_run(const struct cli_call *call, struct keg_err *err)
{
	autojson doc = runtime_features();
	struct json_object *notes = keg_json_get(doc, "annotations");
	auto(keg_buf) text = { 0 };

	(void)call;
	(void)err;
	keg_json_put_str(notes, "org.keg.kegrun.version", KEG_VERSION);
	keg_json_put_str(notes, "org.keg.kegrun.commit", kegrun_commit());
	keg_json_print_indented(doc, INDENT, &text);
	puts(keg_buf_text(&text));
	return 0;
}

const struct cli_cmd kegrun_features = {
	.name = "features",
	.summary = "Print what this runtime can do, as JSON",
	.alike = "runc features and crun features",
	.opts = features_opts,
	.max = 0,
	.run = features_run,
};
