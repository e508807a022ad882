/* SPDX-License-Identifier: Apache-2.0 */
/* keg container cleanup - what monitors run when their container has ended. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/lifecycle.h"

struct cleanup_args {
	struct select_args select;
	bool remove;
};

static const struct cli_opt cleanup_select_rows[] = {
	SELECT_ALL('a', "Clean up all containers"),
	SELECT_LATEST,
	OPT_END,
};

static const struct cli_opt cleanup_opts[] = {
	OPT_FLAG(0, "rm", struct cleanup_args, remove, "Remove the container after its cleanup"),
	OPT_GROUP(struct cleanup_args, select, select_args, cleanup_select_rows),
	OPT_END,
};

static int cleanup_one(void *ctx, struct container *c, const char *name, struct keg_err *err)
{
	const struct cleanup_args *args = ctx;
	int r = container_lock(c, err);

	(void)name;
	if (r == -KEG_ENOTFOUND)
		return 0; /* somebody was faster */
	if (r < 0)
		return r;
	c->record.remove |= args->remove;
	return lifecycle_cleanup(c, err);
}

static int cleanup_run(const struct cli_call *call, struct keg_err *err)
{
	struct cleanup_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	const struct select_request req = {
		.call = call,
		.args = &args->select,
		.engine = &engine,
		.nothing = "you must provide at least one name or id",
		.each = cleanup_one,
		.ctx = args,
	};
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = engine_enter(&engine, err);
	args->select.ignore = true;
	return r < 0 ? r : select_each(&req, err);
}

const struct cli_cmd cmd_container_cleanup = {
	.name = "cleanup",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Clean up after one or more containers",
	.opts = cleanup_opts,
	.args_size = sizeof(struct cleanup_args),
	.max = -1,
	.hidden = true,
	.run = cleanup_run,
};
