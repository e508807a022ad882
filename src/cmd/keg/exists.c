/* SPDX-License-Identifier: Apache-2.0 */
/* keg container exists, keg image exists - tell by the exit status alone: 0 or 1. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/container.h"
#include "engine/image_find.h"

enum { EXIT_THERE, EXIT_MISSING };

static const struct cli_opt no_opts[] = { OPT_END };

static int answer(int r)
{
	if (r == -KEG_ENOTFOUND)
		return EXIT_MISSING;
	return r < 0 ? r : EXIT_THERE;
}

static int container_exists(const struct cli_call *call, struct keg_err *err)
{
	auto(engine) engine = ENGINE_INIT;
	auto(container) c = CONTAINER_INIT;
	int r = keg_engine(call, &engine, err);

	return r < 0 ? r : answer(container_open(&engine, call->operands[0], &c, err));
}

static int image_exists(const struct cli_call *call, struct keg_err *err)
{
	auto(engine) engine = ENGINE_INIT;
	struct store_image image;
	struct store *store;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = engine_store(&engine, &store, err);
	if (r < 0)
		return r;
	return answer(image_find(store, call->operands[0], &engine.arena, &image, NULL, err));
}

const struct cli_cmd cmd_container_exists = {
	.name = "exists",
	.operands = "CONTAINER",
	.summary = "Check if a container exists in local storage",
	.opts = no_opts,
	.min = 1,
	.max = 1,
	.completes = CLI_CONTAINER,
	.run = container_exists,
};

const struct cli_cmd cmd_image_exists = {
	.name = "exists",
	.operands = "IMAGE",
	.summary = "Check if an image exists in local storage",
	.opts = no_opts,
	.min = 1,
	.max = 1,
	.completes = CLI_IMAGE,
	.run = image_exists,
};
