/* SPDX-License-Identifier: Apache-2.0 */
/* keg run, keg container run - make a container, start it, and stay with it or not. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_options.h"
#include "cmd/keg/session.h"
#include "engine/lifecycle.h"
#include "store/pin.h"

struct run_args {
	struct create_args create;
	bool detach;
	int sig_proxy;
	const char *detach_keys;
};

static const struct cli_opt run_opts[] = {
	OPT_GROUP(struct run_args, create, create_args, create_rows),
	OPT_FLAG('d', "detach", struct run_args, detach,
		 "Run container in background and print container ID"),
	OPT_STRING(0, "detach-keys", struct run_args, detach_keys, "KEYS",
		   "Override the key sequence for detaching a container"),
	OPT_TRISTATE(0, "sig-proxy", struct run_args, sig_proxy,
		     "Proxy received signals to the process"),
	OPT_REFUSED(0, "preserve-fds", "NUMBER"),
	OPT_END,
};

static void run_defaults(void *args_)
{
	struct run_args *args = args_;

	create_args_defaults(&args->create);
	args->create.starts = true;
	args->sig_proxy = -1;
}

static int start_detached(struct container *c, struct keg_err *err)
{
	auto(monitor_link) link = MONITOR_LINK_INIT;
	int r = lifecycle_start(c, false, &link, err);

	if (r >= 0)
		r = lifecycle_begin(c, &link, err);
	if (r < 0)
		return r;
	printf("%s\n", c->id);
	return 0;
}

/* A --rm container that could not start is not kept to be looked at. */
static void remove_failed(struct container *c, bool remove)
{
	struct keg_err ignored;
	const struct lifecycle_remove how = { .force = true, .seconds = 0 };

	if (remove && lifecycle_remove(c, &how, &ignored) < 0)
		keg_debug("%s", ignored.msg);
}

static int check_terminal(const struct run_args *args)
{
	if (args->create.o.tty && args->create.o.interactive && !args->detach &&
	    !isatty(STDIN_FILENO))
		keg_warn("The input device is not a TTY. The --tty and --interactive flags might "
			 "not work properly");
	return 0;
}

static int run_container(struct run_args *args, struct container *c, int *hold,
			 struct attach_request *attach, struct keg_err *err)
{
	int r;

	if (args->detach)
		r = start_detached(c, err);
	else
		r = session_start(c, attach, hold, err);
	if (r < 0 && c->locked)
		remove_failed(c, c->record.remove);
	if (!args->detach)
		session_pin(c, hold);
	return r;
}

static int run_run(const struct cli_call *call, struct keg_err *err)
{
	struct run_args *args = call->args;
	struct attach_request attach = { .client = -1 };
	auto(engine) engine = ENGINE_INIT;
	auto(container) c = CONTAINER_INIT;
	int hold = -1;

	if (args->detach && args->create.o.attach.n)
		return keg_fail(err, KEG_EUSAGE, "cannot specify both --detach and --attach");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = session_streams(&args->create.o.attach, args->create.o.interactive, &attach,
				    err);
	if (r >= 0)
		r = detach_keys_parse(args->detach_keys ? args->detach_keys
							: engine.config.detach_keys,
				      &attach.keys, err);
	if (r >= 0)
		r = check_terminal(args);
	if (r < 0)
		return r;
	attach.proxy_signals = args->sig_proxy != 0;
	r = create_container(call, &args->create, &engine, args->detach ? NULL : &hold, &c, err);
	if (r >= 0)
		r = run_container(args, &c, &hold, &attach, err);
	store_hold_release(&hold);
	return r;
}

const struct cli_cmd cmd_container_run = {
	.name = "run",
	.operands = "IMAGE [COMMAND [ARG...]]",
	.summary = "Run a command in a new container",
	.opts = run_opts,
	.args_size = sizeof(struct run_args),
	.defaults = run_defaults,
	.min = 1,
	.max = -1,
	.stop_at_operand = true,
	.completes = CLI_IMAGE,
	.run = run_run,
};
