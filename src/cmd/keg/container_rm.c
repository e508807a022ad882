/* SPDX-License-Identifier: Apache-2.0 */
/* keg rm, keg container rm - remove containers. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/lifecycle.h"

struct rm_args {
	struct select_args select;
	bool force, volumes;
	int64_t time;
};

static const struct cli_opt rm_select_rows[] = {
	SELECT_ALL('a', "Remove all containers"),
	SELECT_CIDFILE,
	SELECT_FILTER(0),
	SELECT_IGNORE,
	SELECT_LATEST,
	OPT_END,
};

static const struct cli_opt rm_opts[] = {
	OPT_FLAG('f', "force", struct rm_args, force,
		 "Force removal of a running or unusable container"),
	OPT_GROUP(struct rm_args, select, select_args, rm_select_rows),
	OPT_INT('t', "time", struct rm_args, time, "SECONDS",
		"Seconds to wait for stop before killing the container"),
	OPT_FLAG('v', "volumes", struct rm_args, volumes,
		 "Remove anonymous volumes associated with the container"),
	OPT_REFUSED(0, "depend", NULL),
	OPT_END,
};

static void rm_defaults(void *args)
{
	((struct rm_args *)args)->time = -1;
}

static int rm_one(void *ctx, struct container *c, const char *name, struct keg_err *err)
{
	const struct rm_args *args = ctx;
	const struct lifecycle_remove how = {
		.force = args->force,
		.volumes = args->volumes,
		.seconds = args->time,
	};
	int r = lifecycle_remove(c, &how, err);

	if (r < 0)
		return r;
	printf("%s\n", name);
	return 0;
}

static int rm_run(const struct cli_call *call, struct keg_err *err)
{
	enum { EXIT_NOT_FOUND = 1, EXIT_RUNNING = 2 };
	struct rm_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	const struct select_request req = {
		.call = call,
		.args = &args->select,
		.engine = &engine,
		.nothing = "you must provide at least one name or id",
		.each = rm_one,
		.ctx = args,
	};

	if (args->time >= 0 && !args->force)
		return keg_fail(err, KEG_EUSAGE,
				"--force option must be specified to use the "
				"--time option");
	/* As the peers: by force, what is not there is as good as removed. */
	args->select.ignore |= args->force;
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = engine_enter(&engine, err);
	if (r >= 0)
		r = select_each(&req, err);
	if (r != -KEG_ENOTFOUND && r != -KEG_EBUSY)
		return r;
	keg_err_print(err, stderr);
	return r == -KEG_ENOTFOUND ? EXIT_NOT_FOUND : EXIT_RUNNING;
}

const struct cli_cmd cmd_container_rm = {
	.name = "rm",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Remove one or more containers",
	.opts = rm_opts,
	.args_size = sizeof(struct rm_args),
	.defaults = rm_defaults,
	.max = -1,
	.completes = CLI_CONTAINER,
	.run = rm_run,
};
