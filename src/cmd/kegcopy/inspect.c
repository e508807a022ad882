/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy inspect - what an image is, without fetching its layers. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/template.h"
#include "cmd/kegcopy/access.h"
#include "cmd/kegcopy/commands.h"
#include "image/transfer.h"

struct inspect_args {
	struct side_args side;
	bool config, raw, no_tags;
	const char *format, *manifest_digest;
	struct cli_retry retry;
};

static const struct cli_opt inspect_opts[] = {
	OPT_GROUP(struct inspect_args, side, side_args, side_opts),
	OPT_FLAG(0, "config", struct inspect_args, config, "Output configuration"),
	OPT_STRING('f', "format", struct inspect_args, format, "TEMPLATE",
		   "Format the output to a Go template"),
	OPT_STRING(0, "manifest-digest", struct inspect_args, manifest_digest, "ALGORITHM",
		   "Compute the manifest's digest with sha256 or sha512"),
	OPT_FLAG('n', "no-tags", struct inspect_args, no_tags,
		 "Do not list the available tags from the repository in the output"),
	OPT_FLAG(0, "raw", struct inspect_args, raw, "Output raw manifest or configuration"),
	OPT_GROUP(struct inspect_args, retry, cli_retry, cli_retry_times_opts),
	OPT_END,
};

static void inspect_defaults(void *args)
{
	((struct inspect_args *)args)->side.tls_verify = -1;
}

/* The names that templates know members of a configuration by, where they differ. */
static const struct {
	const char *json, *template;
} config_names[] = {
	{ "architecture", "Architecture" },
	{ "author", "Author" },
	{ "comment", "Comment" },
	{ "config", "Config" },
	{ "created", "Created" },
	{ "created_by", "CreatedBy" },
	{ "diff_ids", "DiffIDs" },
	{ "empty_layer", "EmptyLayer" },
	{ "history", "History" },
	{ "os", "OS" },
	{ "rootfs", "RootFS" },
	{ "type", "Type" },
	{ "variant", "Variant" },
};

static void add_names(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			add_names(json_object_array_get_idx(value, i));
	}
	for (size_t i = 0; i < KEG_COUNT(config_names); i++) {
		struct json_object *member = keg_json_get(value, config_names[i].json);

		if (!member)
			continue;
		add_names(member);
		json_object_get(member);
		json_object_object_del(value, config_names[i].json);
		json_object_object_add(value, config_names[i].template, member);
	}
}

/* An absent map is null in JSON, and an empty map for a template. */
static void fill_map(struct json_object *in, const char *name)
{
	if (!keg_json_get(in, name))
		json_object_object_add(in, name, json_object_new_object());
}

/* Members that are left out of the JSON where they are empty. */
static void add_absent(struct json_object *root)
{
	static const char *const names[] = { "Name", "Tag" };
	struct json_object *layers = keg_json_get(root, "LayersData");

	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		if (!keg_json_get(root, names[i]))
			keg_json_put_str(root, names[i], "");
	}
	fill_map(root, "Labels");
	for (size_t i = 0; i < json_object_array_length(layers); i++)
		fill_map(json_object_array_get_idx(layers, i), "Annotations");
}

static int print_template(const struct inspect_args *args, const struct keg_buf *text,
			  struct keg_err *err)
{
	autoptr(cli_template) template = NULL;
	auto(keg_buf) out = { 0 };
	autojson root = NULL;

	int r = cli_template_parse("kegcopy inspect", args->format, &template, err);
	if (r >= 0)
		r = keg_json_parse(text->data, text->len, &root, err);
	if (r < 0)
		return r;
	if (args->config)
		add_names(root);
	else
		add_absent(root);
	r = cli_template_run(template, root, &out, err);
	if (r < 0)
		return r;
	printf("%s\n", keg_buf_text(&out));
	return 0;
}

static int check_options(const struct inspect_args *args, bool *sha512, struct keg_err *err)
{
	const char *algorithm =
		keg_str_empty(args->manifest_digest) ? "sha256" : args->manifest_digest;

	*sha512 = strcmp(algorithm, "sha512") == 0;
	if (!*sha512 && strcmp(algorithm, "sha256") != 0)
		return keg_fail(err, KEG_EUSAGE, "digest algorithm \"%s\" is not available",
				algorithm);
	if (args->raw && args->format)
		return keg_fail(err, KEG_EUSAGE, "raw output does not support format option");
	return 0;
}

static int inspect_run(const struct cli_call *call, struct keg_err *err)
{
	const struct inspect_args *args = call->args;
	const char *const names[] = { call->operands[0], NULL };
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct image_access access;
	bool sha512;

	int r = check_options(args, &sha512, err);
	if (r >= 0)
		r = copy_access(call->globals, &args->side, names, &arena, &access, err);
	if (r >= 0)
		r = cli_retry_take(&args->retry, &access, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	const struct transfer_inspect req = { .access = &access,
					      .name = names[0],
					      .raw = args->raw,
					      .config = args->config,
					      .no_tags = args->no_tags,
					      .sha512 = sha512 };
	r = transfer->inspect(&req, &text, err);
	if (r < 0)
		return r;
	if (args->format && !cli_format_is_json(args->format))
		return print_template(args, &text, err);
	fwrite(keg_buf_text(&text), 1, text.len, stdout);
	if (!args->raw)
		putchar('\n');
	return 0;
}

const struct cli_cmd cmd_inspect = {
	.name = "inspect",
	.operands = "IMAGE-NAME",
	.summary = "Inspect image IMAGE-NAME",
	.opts = inspect_opts,
	.args_size = sizeof(struct inspect_args),
	.defaults = inspect_defaults,
	.min = 1,
	.max = 1,
	.completes = CLI_IMAGE,
	.run = inspect_run,
};
