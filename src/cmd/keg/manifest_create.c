/* SPDX-License-Identifier: Apache-2.0 */
/* keg manifest create - a manifest list in the store, with images or without. */
#include <string.h>

#include "cmd/keg/commands.h"
#include "cmd/keg/manifest_find.h"
#include "engine/image_name.h"

struct create_args {
	bool all, amend;
	int tls_verify;
	struct keg_strv annotations;
};

static const struct cli_opt create_opts[] = {
	OPT_FLAG(0, "all", struct create_args, all,
		 "Add all of the lists' images if the images to add are lists"),
	OPT_FLAG('a', "amend", struct create_args, amend,
		 "Modify an existing list if one with the desired name already exists"),
	OPT_STRINGS(0, "annotation", struct create_args, annotations, "KEY=VALUE",
		    "Set an annotation of the list"),
	OPT_TRISTATE(0, "tls-verify", struct create_args, tls_verify,
		     "Require HTTPS and verify certificates when contacting registries"),
	OPT_END,
};

static void create_defaults(void *args)
{
	((struct create_args *)args)->tls_verify = -1;
}

/* The id of the list of that name, which --amend wants; NULL: there is none. */
static int find_old(const struct cli_call *call, struct engine *engine, const char *name,
		    const char **id, struct keg_err *err)
{
	const struct create_args *args = call->args;
	struct store_image image;
	struct store *store;
	int r = engine_store(engine, &store, err);

	if (r >= 0)
		r = store_image_find(store, name, &engine->arena, &image, err);
	if (r == -KEG_ENOTFOUND) {
		*id = NULL;
		return 0;
	}
	if (r >= 0 && !args->amend)
		return keg_fail(err, KEG_EEXISTS,
				"image name \"%s\" is already associated with image \"%s\": that "
				"name is already in use",
				name, image.id);
	if (r >= 0)
		r = manifest_list_find(engine, name, &image, NULL, err);
	if (r >= 0)
		*id = image.id;
	return r;
}

/* Two steps where both the list and entries change: the second prints the id. */
static int create(const struct cli_call *call, const struct image_access *access, const char *id,
		  const char *name, const struct keg_strv *members, struct keg_err *err)
{
	const struct create_args *args = call->args;
	const struct transfer_table *transfer;
	struct transfer_list_edit req = {
		.access = access,
		.list = id,
		.what = TRANSFER_LIST_ANNOTATE,
		.change = { .annotations = (const char *const *)args->annotations.v,
			    .n_annotations = args->annotations.n },
	};
	int r = transfer_open(&transfer, err);
	if (r < 0)
		return r;

	autofree char *made = NULL;
	if (!id)
		req.new_name = name;
	r = transfer->list_edit(&req, &made, err);
	if (r < 0)
		return r;
	const struct transfer_list_edit add = {
		.access = access,
		.list = made,
		.what = TRANSFER_LIST_ADD,
		.images = (const char *const *)members->v,
		.n_images = members->n,
		.all = args->all,
	};
	return manifest_edit(&add, err);
}

static int create_run(const struct cli_call *call, struct keg_err *err)
{
	const struct create_args *args = call->args;
	const struct access_args reach = { .tls_verify = args->tls_verify };
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) members = { 0 };
	autofree char *name = NULL;
	struct image_access access;
	const char *id = NULL;
	int r = image_name_to_give(call->operands[0], &name, err);

	if (r >= 0)
		r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = keg_access(&engine, &reach, NULL, &access, err);
	if (r >= 0)
		r = find_old(call, &engine, name, &id, err);
	for (int i = 1; r >= 0 && i < call->n_operands; i++)
		r = manifest_member_name(&engine, call->operands[i], &members, err);
	return r < 0 ? r : create(call, &access, id, name, &members, err);
}

const struct cli_cmd cmd_manifest_create = {
	.name = "create",
	.operands = "LIST [IMAGE...]",
	.summary = "Create manifest list or image index",
	.opts = create_opts,
	.args_size = sizeof(struct create_args),
	.defaults = create_defaults,
	.min = 1,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = create_run,
};
