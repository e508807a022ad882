/* SPDX-License-Identifier: Apache-2.0 */
/* keg version - what this program is and was built for. */
#include "base/json.h"
#include "cli/template.h"
#include "cmd/keg/commands.h"
#include "spec/platform.h"

struct version_args {
	const char *format;
};

static const struct cli_opt version_opts[] = {
	OPT_STRING('f', "format", struct version_args, format, "TEMPLATE",
		   "Change the output format to JSON or a Go template"),
	OPT_END,
};

static struct json_object *version_of(const struct cli_call *call)
{
	struct json_object *client = json_object_new_object();
	struct json_object *all = json_object_new_object();
	struct platform host;

	platform_host(&host);
	keg_json_put_str(client, "Version", call->program->version);
	keg_json_put_str(client, "APIVersion", call->program->version);
	keg_json_put_str(client, "Compiler", __VERSION__);
	autofree char *platform = platform_format(&host);
	keg_json_put_str(client, "OsArch", platform);
	keg_json_put_str(client, "Os", "linux");
	json_object_object_add(all, "Client", client);
	return all;
}

static int version_run(const struct cli_call *call, struct keg_err *err)
{
	const struct version_args *args = call->args;
	autojson all = version_of(call);
	auto(keg_buf) out = { 0 };

	if (!args->format) {
		struct json_object *client = keg_json_get(all, "Client");

		printf("Client:       Keg Engine\nVersion:      %s\nAPI Version:  %s\n"
		       "Compiler:     gcc %s\nOS/Arch:      %s\n",
		       keg_json_str(client, "Version", ""), keg_json_str(client, "APIVersion", ""),
		       keg_json_str(client, "Compiler", ""), keg_json_str(client, "OsArch", ""));
		return 0;
	}
	if (cli_format_is_json(args->format)) {
		keg_json_print_pretty(all, &out);
	} else {
		autoptr(cli_template) t = NULL;
		int r = cli_template_parse("version", args->format, &t, err);

		if (r >= 0)
			r = cli_template_run(t, all, &out, err);
		if (r < 0)
			return r;
	}
	printf("%s\n", keg_buf_text(&out));
	return 0;
}

const struct cli_cmd cmd_version = {
	.name = "version",
	.summary = "Display the version of keg",
	.opts = version_opts,
	.args_size = sizeof(struct version_args),
	.run = version_run,
};
