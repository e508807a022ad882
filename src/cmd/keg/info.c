/* SPDX-License-Identifier: Apache-2.0 */
/* keg info, keg system info - the machine and the settings. */
#include "base/json.h"
#include "cli/template.h"
#include "cli/yaml.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/container.h"
#include "engine/info.h"
#include "store/image.h"

struct info_args {
	bool debug;
	const char *format;
};

static const struct cli_opt info_opts[] = {
	OPT_FLAG('D', "debug", struct info_args, debug, "Podman's option of old; changes nothing",
		 .flags = CLI_HIDDEN),
	OPT_STRING('f', "format", struct info_args, format, "TEMPLATE",
		   "Change the output format to JSON or a Go template"),
	OPT_END,
};

static int print_info(struct json_object *info, const char *format, struct keg_err *err)
{
	auto(keg_buf) out = { 0 };

	if (!format) {
		cli_yaml_print(info, &out);
		printf("%s", keg_buf_text(&out));
		return 0;
	}
	if (cli_format_is_json(format)) {
		keg_json_print_indented(info, 2, &out);
	} else {
		autoptr(cli_template) t = NULL;
		int r = cli_template_parse("info", format, &t, err);

		if (r >= 0)
			r = cli_template_run(t, info, &out, err);
		if (r < 0)
			return r;
	}
	printf("%s\n", keg_buf_text(&out));
	return 0;
}

static int count(void *ctx, struct container *c, struct keg_err *err)
{
	struct info_counts *counts = ctx;

	(void)err;
	counts->containers++;
	if (c->state.status == CONTAINER_RUNNING)
		counts->running++;
	else if (c->state.status == CONTAINER_PAUSED)
		counts->paused++;
	else
		counts->stopped++;
	return 0;
}

static int info_run(const struct cli_call *call, struct keg_err *err)
{
	const struct info_args *args = call->args;
	struct info_counts counts = { 0 };
	auto(engine) engine = ENGINE_INIT;
	struct store_image *images;
	struct store *store;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = engine_store(&engine, &store, err);
	if (r >= 0)
		r = store_image_list(store, &engine.arena, &images, &counts.images, err);
	if (r >= 0)
		r = container_each(&engine, count, &counts, err);
	if (r < 0)
		return r;
	autojson info = info_collect(&engine, &counts, call->program->version);
	return print_info(info, args->format, err);
}

const struct cli_cmd cmd_info = {
	.name = "info",
	.summary = "Display the machine and the settings",
	.opts = info_opts,
	.args_size = sizeof(struct info_args),
	.max = 0,
	.run = info_run,
};
