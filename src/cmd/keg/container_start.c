/* SPDX-License-Identifier: Apache-2.0 */
/* keg start, keg container start - start containers that were made before. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "cmd/keg/session.h"
#include "engine/lifecycle.h"

struct start_args {
	struct select_args select;
	bool attach, interactive;
	int sig_proxy;
	const char *detach_keys;
};

static const struct cli_opt start_select_rows[] = {
	SELECT_ALL(0, "Start all containers"),
	SELECT_FILTER('f'),
	SELECT_LATEST,
	OPT_END,
};

static const struct cli_opt start_opts[] = {
	OPT_FLAG('a', "attach", struct start_args, attach, "Attach container's stdout and stderr"),
	OPT_STRING(0, "detach-keys", struct start_args, detach_keys, "KEYS",
		   "Override the key sequence for detaching a container"),
	OPT_FLAG('i', "interactive", struct start_args, interactive,
		 "Keep stdin open even if not attached"),
	OPT_GROUP(struct start_args, select, select_args, start_select_rows),
	OPT_TRISTATE(0, "sig-proxy", struct start_args, sig_proxy,
		     "Proxy received signals to the process"),
	OPT_END,
};

static void start_defaults(void *args)
{
	((struct start_args *)args)->sig_proxy = -1;
}

struct starting {
	const struct start_args *args;
	const struct engine *engine;
	int status;
};

static bool runs(const struct container *c)
{
	return c->state.status == CONTAINER_RUNNING || c->state.status == CONTAINER_STOPPING ||
	       c->state.status == CONTAINER_PAUSED;
}

static int start_attached(struct starting *s, struct container *c, struct keg_err *err)
{
	const struct start_args *args = s->args;
	struct attach_request req = {
		.in = args->interactive || c->record.interactive,
		.out = true,
		.err = true,
		.client = -1,
		.proxy_signals = args->sig_proxy != 0,
	};
	int r = detach_keys_parse(args->detach_keys ? args->detach_keys
						    : s->engine->config.detach_keys,
				  &req.keys, err);

	if (r < 0)
		return r;
	if (runs(c)) {
		container_unlock(c);
		r = session_attach(c, &req, err);
	} else {
		r = session_start(c, &req, NULL, err);
	}
	if (r >= 0)
		s->status = r;
	return r;
}

static int start_one(void *ctx, struct container *c, const char *name, struct keg_err *err)
{
	struct starting *s = ctx;
	auto(monitor_link) link = MONITOR_LINK_INIT;
	int r = container_lock(c, err);

	if (r >= 0 && (s->args->attach || s->args->interactive))
		return start_attached(s, c, err);
	if (r >= 0 && !runs(c)) {
		r = lifecycle_start(c, false, &link, err);
		if (r >= 0)
			r = lifecycle_begin(c, &link, err);
	}
	if (r < 0)
		return keg_wrap(err, "unable to start container \"%s\"", name);
	printf("%s\n", name);
	return 0;
}

static int start_run(const struct cli_call *call, struct keg_err *err)
{
	const struct start_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	struct starting starting = { .args = args, .engine = &engine };
	const struct select_request req = {
		.call = call,
		.args = &args->select,
		.engine = &engine,
		.nothing = "start requires at least one argument",
		.each = start_one,
		.ctx = &starting,
	};

	if (args->attach && call->n_operands > 1)
		return keg_fail(err, KEG_EUSAGE,
				"you cannot start and attach multiple containers "
				"at once");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = engine_enter(&engine, err);
	if (r >= 0)
		r = select_each(&req, err);
	return r < 0 ? r : starting.status;
}

const struct cli_cmd cmd_container_start = {
	.name = "start",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Start one or more containers",
	.opts = start_opts,
	.args_size = sizeof(struct start_args),
	.defaults = start_defaults,
	.max = -1,
	.completes = CLI_CONTAINER,
	.run = start_run,
};
