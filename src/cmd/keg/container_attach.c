/* SPDX-License-Identifier: Apache-2.0 */
/* keg attach, keg container attach - connect to a running container's streams. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "cmd/keg/session.h"

struct attach_args {
	bool latest, no_stdin;
	int sig_proxy;
	const char *detach_keys;
};

static const struct cli_opt attach_opts[] = {
	OPT_STRING(0, "detach-keys", struct attach_args, detach_keys, "KEYS",
		   "Override the key sequence for detaching a container"),
	OPT_FLAG('l', "latest", struct attach_args, latest,
		 "Act on the latest container that was made"),
	OPT_FLAG(0, "no-stdin", struct attach_args, no_stdin, "Do not attach stdin"),
	OPT_TRISTATE(0, "sig-proxy", struct attach_args, sig_proxy,
		     "Proxy received signals to the process"),
	OPT_END,
};

static void attach_defaults(void *args)
{
	((struct attach_args *)args)->sig_proxy = -1;
}

static int attach_cmd_run(const struct cli_call *call, struct keg_err *err)
{
	const struct attach_args *args = call->args;
	struct attach_request req = { .out = true,
				      .err = true,
				      .proxy_signals = args->sig_proxy != 0 };
	auto(engine) engine = ENGINE_INIT;
	auto(container) c = CONTAINER_INIT;

	if (call->n_operands != (args->latest ? 0 : 1))
		return keg_fail(err, KEG_EUSAGE,
				"\"keg attach\" requires a name, id, or the \"--latest\" flag");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = select_one(call, args->latest, &engine, &c, err);
	if (r >= 0)
		r = detach_keys_parse(args->detach_keys ? args->detach_keys
							: engine.config.detach_keys,
				      &req.keys, err);
	if (r >= 0 && c.state.status != CONTAINER_RUNNING)
		r = keg_fail(err, KEG_EBUSY, "you can only attach to running containers");
	if (r < 0)
		return r;
	req.in = !args->no_stdin && c.record.interactive;
	return session_attach(&c, &req, err);
}

const struct cli_cmd cmd_container_attach = {
	.name = "attach",
	.operands = "CONTAINER",
	.summary = "Attach to a running container",
	.opts = attach_opts,
	.args_size = sizeof(struct attach_args),
	.defaults = attach_defaults,
	.max = 1,
	.completes = CLI_RUNNING,
	.run = attach_cmd_run,
};
