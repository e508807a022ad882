/* SPDX-License-Identifier: Apache-2.0 */
/* keg inspect, keg container inspect, keg image inspect - all that is known of containers and
 * images. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/template.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/container_inspect.h"
#include "engine/image_find.h"
#include "engine/image_inspect.h"

struct inspect_args {
	const char *format, *type;
	bool latest, size;
};

static const struct cli_opt inspect_opts[] = {
	OPT_STRING('f', "format", struct inspect_args, format, "TEMPLATE",
		   "Format the output to a Go template or json"),
	OPT_FLAG('l', "latest", struct inspect_args, latest,
		 "Act on the latest container that was made"),
	OPT_FLAG('s', "size", struct inspect_args, size, "Display total file size"),
	OPT_STRING('t', "type", struct inspect_args, type, "TYPE",
		   "Return JSON for this type: container, image, all"),
	OPT_END,
};

static const struct cli_opt image_inspect_opts[] = {
	OPT_STRING('f', "format", struct inspect_args, format, "TEMPLATE",
		   "Format the output to a Go template or json"),
	OPT_END,
};

static const struct cli_opt container_inspect_opts[] = {
	OPT_STRING('f', "format", struct inspect_args, format, "TEMPLATE",
		   "Format the output to a Go template or json"),
	OPT_FLAG('l', "latest", struct inspect_args, latest,
		 "Act on the latest container that was made"),
	OPT_FLAG('s', "size", struct inspect_args, size, "Display total file size"),
	OPT_END,
};

enum kinds { CONTAINERS = 1, IMAGES = 2 };

static int inspect_container(const struct inspect_args *args, struct container *c,
			     struct json_object **out, struct keg_err *err)
{
	return container_inspect(c, args->size, out, err);
}

static int inspect_one(const struct inspect_args *args, unsigned kinds, struct engine *engine,
		       const char *name, struct json_object **out, struct keg_err *err)
{
	auto(container) c = CONTAINER_INIT;
	int r = -KEG_ENOTFOUND;

	if (kinds & CONTAINERS) {
		r = container_open(engine, name, &c, err);
		if (r >= 0)
			return inspect_container(args, &c, out, err);
	}
	if (r == -KEG_ENOTFOUND && (kinds & IMAGES)) {
		auto(keg_arena) arena = { 0 };
		struct store_image image;
		struct store *store;

		r = engine_store(engine, &store, err);
		if (r >= 0)
			r = image_find(store, name, &arena, &image, NULL, err);
		if (r >= 0)
			return image_inspect(store, &image, out, err);
	}
	if (r != -KEG_ENOTFOUND)
		return r;
	if (kinds == IMAGES)
		return keg_fail(err, KEG_ENOTFOUND, "inspecting object: %s: image not known", name);
	if (kinds == CONTAINERS)
		return keg_fail(err, KEG_ENOTFOUND, "inspecting object: no such container %s",
				name);
	return keg_fail(err, KEG_ENOTFOUND, "inspecting object: no such object: \"%s\"", name);
}

static int print(const struct inspect_args *args, struct json_object *list, struct keg_err *err)
{
	auto(keg_buf) out = { 0 };

	if (!args->format || cli_format_is_json(args->format)) {
		keg_json_print_pretty(list, &out);
		printf("%s\n", keg_buf_text(&out));
		return 0;
	}
	autoptr(cli_template) t = NULL;
	int r = cli_template_parse("inspect", args->format, &t, err);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++) {
		keg_buf_cut(&out, 0);
		r = cli_template_run(t, json_object_array_get_idx(list, i), &out, err);
		if (r >= 0)
			printf("%s\n", keg_buf_text(&out));
	}
	return r;
}

static int inspect_all(const struct cli_call *call, unsigned kinds, struct keg_err *err)
{
	const struct inspect_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	auto(container) latest = CONTAINER_INIT;
	autojson list = json_object_new_array();
	struct json_object *one = NULL;
	int worst = 0, r = keg_engine(call, &engine, err);

	if (r >= 0 && args->latest) {
		r = select_latest(&engine, &latest, err);
		if (r >= 0)
			r = inspect_container(args, &latest, &one, err);
		if (r >= 0)
			json_object_array_add(list, one);
	}
	if (r < 0)
		return r;
	for (int i = 0; i < call->n_operands; i++) {
		struct keg_err why;

		r = inspect_one(args, kinds, &engine, call->operands[i], &one, &why);
		if (r >= 0) {
			json_object_array_add(list, one);
			continue;
		}
		if (worst < 0)
			keg_err_print(err, stderr);
		*err = why;
		worst = r;
	}
	struct keg_err bad_format;
	r = print(args, list, &bad_format);
	fflush(stdout);
	if (worst < 0)
		return worst;
	if (r < 0)
		*err = bad_format;
	return r;
}

static int check_operands(const struct cli_call *call, struct keg_err *err)
{
	const struct inspect_args *args = call->args;

	if (call->n_operands == 0 && !args->latest)
		return keg_fail(err, KEG_EUSAGE, "no names or ids specified");
	if (call->n_operands && args->latest)
		return keg_fail(err, KEG_EUSAGE, "--latest and arguments cannot be used together");
	return 0;
}

static int inspect_run(const struct cli_call *call, struct keg_err *err)
{
	const struct inspect_args *args = call->args;
	const char *type = args->type ? args->type : "all";
	unsigned kinds = strcmp(type, "all") == 0	  ? CONTAINERS | IMAGES
			 : strcmp(type, "container") == 0 ? CONTAINERS
			 : strcmp(type, "image") == 0	  ? IMAGES
							  : 0;
	int r = check_operands(call, err);

	if (r < 0)
		return r;
	if (!kinds)
		return keg_fail(err, KEG_EUSAGE,
				"invalid type \"%s\": must be container, image or all in this "
				"version",
				type);
	return inspect_all(call, kinds, err);
}

static int image_inspect_run(const struct cli_call *call, struct keg_err *err)
{
	if (call->n_operands == 0)
		return keg_fail(err, KEG_EUSAGE, "no names or ids specified");
	return inspect_all(call, IMAGES, err);
}

static int container_inspect_run(const struct cli_call *call, struct keg_err *err)
{
	int r = check_operands(call, err);

	return r < 0 ? r : inspect_all(call, CONTAINERS, err);
}

const struct cli_cmd cmd_inspect = {
	.name = "inspect",
	.operands = "{CONTAINER|IMAGE} [{CONTAINER|IMAGE}...]",
	.summary = "Display the configuration of an object by ID or name",
	.opts = inspect_opts,
	.args_size = sizeof(struct inspect_args),
	.max = -1,
	.completes = CLI_CONTAINER,
	.run = inspect_run,
};

const struct cli_cmd cmd_container_inspect = {
	.name = "inspect",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Display the configuration of a container",
	.opts = container_inspect_opts,
	.args_size = sizeof(struct inspect_args),
	.max = -1,
	.completes = CLI_CONTAINER,
	.run = container_inspect_run,
};

const struct cli_cmd cmd_image_inspect = {
	.name = "inspect",
	.operands = "IMAGE [IMAGE...]",
	.summary = "Display the configuration of an image",
	.opts = image_inspect_opts,
	.args_size = sizeof(struct inspect_args),
	.max = -1,
	.completes = CLI_IMAGE,
	.run = image_inspect_run,
};
