/* SPDX-License-Identifier: Apache-2.0 */
/* keg manifest add - images into a manifest list of the store. */
#include "cmd/keg/commands.h"
#include "cmd/keg/manifest_find.h"

struct add_args {
	struct access_args access;
	struct manifest_change_args change;
	bool all;
};

static const struct cli_opt add_opts[] = {
	OPT_GROUP(struct add_args, access, access_args, access_opts),
	OPT_FLAG(0, "all", struct add_args, all,
		 "Add all of the list's images if the image is a list"),
	OPT_GROUP(struct add_args, change, manifest_change_args, manifest_change_opts),
	OPT_REFUSED(0, "artifact", NULL),
	OPT_REFUSED(0, "artifact-config", "FILE"),
	OPT_REFUSED(0, "artifact-config-type", "TYPE"),
	OPT_REFUSED(0, "artifact-exclude-titles", NULL),
	OPT_REFUSED(0, "artifact-layer-type", "TYPE"),
	OPT_REFUSED(0, "artifact-subject", "REFERENCE"),
	OPT_REFUSED(0, "artifact-type", "TYPE"),
	OPT_END,
};

static void add_defaults(void *args)
{
	((struct add_args *)args)->access.tls_verify = -1;
}

static int add_run(const struct cli_call *call, struct keg_err *err)
{
	const struct add_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) members = { 0 };
	struct image_access access;
	struct store_image list;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = keg_access(&engine, &args->access, NULL, &access, err);
	if (r >= 0)
		r = manifest_list_find(&engine, call->operands[0], &list, NULL, err);
	for (int i = 1; r >= 0 && i < call->n_operands; i++)
		r = manifest_member_name(&engine, call->operands[i], &members, err);
	if (r < 0)
		return r;
	const struct transfer_list_edit req = {
		.access = &access,
		.list = list.id,
		.what = TRANSFER_LIST_ADD,
		.images = (const char *const *)members.v,
		.n_images = members.n,
		.all = args->all,
		.change = manifest_change(&args->change),
	};
	return manifest_edit(&req, err);
}

const struct cli_cmd cmd_manifest_add = {
	.name = "add",
	.operands = "LIST IMAGE [IMAGE...]",
	.summary = "Add images to a manifest list or image index",
	.opts = add_opts,
	.args_size = sizeof(struct add_args),
	.defaults = add_defaults,
	.min = 2,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = add_run,
};
