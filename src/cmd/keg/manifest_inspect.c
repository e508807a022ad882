/* SPDX-License-Identifier: Apache-2.0 */
/* keg manifest inspect, exists - what a manifest list says, of the store or on a registry. */
#include <stdio.h>

#include "base/json.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/manifest_find.h"
#include "engine/image_find.h"

enum { EXIT_THERE, EXIT_MISSING, INDENT = 4 };

struct inspect_args {
	struct access_args access;
	bool verbose;
};

static const struct cli_opt inspect_opts[] = {
	OPT_GROUP(struct inspect_args, access, access_args, access_opts),
	OPT_FLAG('v', "verbose", struct inspect_args, verbose,
		 "Docker's option; there is no more to say", .flags = CLI_HIDDEN),
	OPT_END,
};
static const struct cli_opt no_opts[] = { OPT_END };

static void inspect_defaults(void *args)
{
	((struct inspect_args *)args)->access.tls_verify = -1;
}

static int read_remote(const struct cli_call *call, struct engine *engine, struct keg_buf *out,
		       struct keg_err *err)
{
	const struct inspect_args *args = call->args;
	const struct transfer_table *transfer;
	auto(keg_strv) names = { 0 };
	struct image_access access;
	int r = keg_access(engine, &args->access, NULL, &access, err);

	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	const char *text = call->operands[0];
	const char *reference = keg_str_after(text, "docker://");
	keg_strv_addf(&names, "docker://%s", reference ? reference : text);
	const struct transfer_inspect req = { .access = &access, .name = names.v[0], .raw = true };
	return transfer->inspect(&req, out, err);
}

static int inspect_run(const struct cli_call *call, struct keg_err *err)
{
	auto(engine) engine = ENGINE_INIT;
	auto(keg_buf) bytes = { 0 }, out = { 0 };
	struct store_image image;
	autojson root = NULL;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = manifest_list_find(&engine, call->operands[0], &image, &bytes, err);
	/* Not here, or an image: the registry's list of that name, as the peer has it. */
	if (r == -KEG_ENOTFOUND || r == -KEG_EUSAGE)
		r = read_remote(call, &engine, &bytes, err);
	if (r >= 0)
		r = keg_json_parse(bytes.data, bytes.len, &root, err);
	if (r < 0)
		return r;
	keg_json_print_indented(root, INDENT, &out);
	printf("%s\n", keg_buf_text(&out));
	return 0;
}

static int exists_run(const struct cli_call *call, struct keg_err *err)
{
	auto(engine) engine = ENGINE_INIT;
	struct store_image image;
	int r = keg_engine(call, &engine, err);

	if (r < 0)
		return r;
	r = manifest_list_find(&engine, call->operands[0], &image, NULL, err);
	return r == -KEG_ENOTFOUND ? EXIT_MISSING : r < 0 ? r : EXIT_THERE;
}

const struct cli_cmd cmd_manifest_inspect = {
	.name = "inspect",
	.operands = "LIST",
	.summary = "Display the contents of a manifest list or image index",
	.opts = inspect_opts,
	.args_size = sizeof(struct inspect_args),
	.defaults = inspect_defaults,
	.min = 1,
	.max = 1,
	.completes = CLI_IMAGE,
	.run = inspect_run,
};

const struct cli_cmd cmd_manifest_exists = {
	.name = "exists",
	.operands = "LIST",
	.summary = "Check if a manifest list exists in local storage",
	.opts = no_opts,
	.min = 1,
	.max = 1,
	.completes = CLI_IMAGE,
	.run = exists_run,
};
