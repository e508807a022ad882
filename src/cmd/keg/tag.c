/* SPDX-License-Identifier: Apache-2.0 */
/* keg tag, keg untag - give names to an image and take them away. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/image_find.h"
#include "engine/image_name.h"
#include "store/names.h"

static const struct cli_opt no_opts[] = { OPT_END };

static int names_of(const struct cli_call *call, struct keg_strv *names, struct keg_err *err)
{
	for (int i = 1; i < call->n_operands; i++) {
		char *name;
		int r = image_name_to_give(call->operands[i], &name, err);

		if (r < 0)
			return r;
		keg_strv_take(names, name);
	}
	return 0;
}

static int find(const struct cli_call *call, struct engine *engine, struct store **store,
		struct store_image *image, struct keg_err *err)
{
	int r = keg_engine(call, engine, err);

	if (r >= 0)
		r = engine_store(engine, store, err);
	if (r >= 0)
		r = image_find(*store, call->operands[0], &engine->arena, image, NULL, err);
	return r;
}

static int tag_run(const struct cli_call *call, struct keg_err *err)
{
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) names = { 0 };
	struct store_image image;
	struct store *store;
	int r = names_of(call, &names, err);

	if (r >= 0)
		r = find(call, &engine, &store, &image, err);
	if (r >= 0)
		r = store_image_add_names(store, image.id, (const char *const *)names.v, names.n,
					  err);
	return r;
}

static int untag_run(const struct cli_call *call, struct keg_err *err)
{
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) names = { 0 };
	struct store_image image;
	struct store *store;
	int r = names_of(call, &names, err);

	if (r >= 0)
		r = find(call, &engine, &store, &image, err);
	if (r < 0)
		return r;
	if (call->n_operands == 1)
		keg_strv_extend(&names, image.names, image.n_names);
	for (size_t i = 0; i < names.n; i++) {
		bool has = false;

		for (size_t k = 0; k < image.n_names && !has; k++)
			has = keg_str_eq(image.names[k], names.v[i]);
		if (!has)
			return keg_fail(err, KEG_ENOTFOUND, "%s: tag not known", names.v[i]);
	}
	return store_image_remove_names(store, image.id, (const char *const *)names.v, names.n,
					err);
}

const struct cli_cmd cmd_tag = {
	.name = "tag",
	.operands = "IMAGE TARGET_NAME [TARGET_NAME...]",
	.summary = "Add an additional name to a local image",
	.opts = no_opts,
	.args_size = 0,
	.min = 2,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = tag_run,
};

const struct cli_cmd cmd_untag = {
	.name = "untag",
	.operands = "IMAGE [IMAGE...]",
	.summary = "Remove a name from a local image",
	.opts = no_opts,
	.args_size = 0,
	.min = 1,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = untag_run,
};
