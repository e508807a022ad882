/* SPDX-License-Identifier: Apache-2.0 */
/* keg exec, keg container exec - run a process in a running container. */
#include "cmd/keg/access.h"
#include "cmd/keg/command_line.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/detach_keys.h"
#include "engine/exec.h"
#include "runtime/runtime.h"

struct exec_args {
	bool detach, interactive, latest, privileged, tty;
	const char *detach_keys, *user, *workdir;
	struct keg_strv env, env_files;
	uint64_t preserve_fds;
};

static const struct cli_opt exec_opts[] = {
	OPT_FLAG('d', "detach", struct exec_args, detach,
		 "Run the exec session in detached mode (backgrounded)"),
	OPT_STRINGS('e', "env", struct exec_args, env, "NAME[=VALUE]", "Set environment variables"),
	OPT_LIST(0, "env-file", struct exec_args, env_files, "PATH",
		 "Read in a file of environment variables"),
	OPT_FLAG('i', "interactive", struct exec_args, interactive,
		 "Keep stdin open even if not attached"),
	OPT_FLAG('l', "latest", struct exec_args, latest,
		 "Act on the latest container that was made"),
	OPT_UINT(0, "preserve-fds", struct exec_args, preserve_fds, "NUMBER",
		 "Pass a number of additional file descriptors to the container"),
	OPT_FLAG(0, "privileged", struct exec_args, privileged,
		 "Give the process extended Linux capabilities inside the container"),
	OPT_FLAG('t', "tty", struct exec_args, tty, "Allocate a pseudo-TTY"),
	OPT_STRING('u', "user", struct exec_args, user, "USER[:GROUP]", "Username or UID"),
	OPT_STRING('w', "workdir", struct exec_args, workdir, "DIR",
		   "Working directory inside the container"),
	OPT_REFUSED(0, "detach-keys", "KEYS"),
	OPT_END,
};

/* In the foreground our own code becomes the container's process: it starts us anew at most once.
 */
static int protect(const struct exec_args *args, struct keg_err *err)
{
	auto(keg_strv) argv = { 0 };

	if (args->detach)
		return 0;
	int r = command_line_read(&argv, err);
	return r < 0 ? r : runtime_protect_self(argv.v, err);
}

static int exec_in(const struct exec_args *args, struct container *c, char *const *command,
		   struct keg_err *err)
{
	const struct exec_request req = {
		.command = command,
		.env = &args->env,
		.env_files = &args->env_files,
		.user = args->user,
		.workdir = args->workdir,
		.tty = args->tty,
		.interactive = args->interactive,
		.privileged = args->privileged,
		.preserve_fds = (unsigned)args->preserve_fds,
	};
	char id[KEG_ID_LEN + 1];

	if (!args->detach)
		return exec_run(c, &req, err);
	int r = exec_detach(c, &req, id, err);
	if (r >= 0)
		printf("%s\n", id);
	return r;
}

static int exec_cmd_run(const struct cli_call *call, struct keg_err *err)
{
	/* As the peers, which tell a session that cannot be made from other errors. */
	enum { MOST_FDS = 1024, EXIT_NO_SESSION = 255 };
	const struct exec_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	auto(container) c = CONTAINER_INIT;
	int names = args->latest ? 0 : 1;

	if (call->n_operands < names)
		return keg_fail(err, KEG_EUSAGE,
				"exec requires the name or ID of a container or the --latest flag");
	if (args->preserve_fds > MOST_FDS)
		return keg_fail(err, KEG_EUSAGE, "--preserve-fds takes at most %d", MOST_FDS);
	int r = protect(args, err);
	if (r >= 0)
		r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = select_one(call, args->latest, &engine, &c, err);
	if (r < 0)
		return r;
	if (call->n_operands == names)
		r = keg_fail(err, KEG_EBUSY,
			     "must provide a non-empty command to start an exec "
			     "session: invalid argument");
	else
		r = exec_in(args, &c, call->operands + names, err);
	if (r != -KEG_EBUSY)
		return r;
	keg_err_print(err, stderr);
	return EXIT_NO_SESSION;
}

const struct cli_cmd cmd_container_exec = {
	.name = "exec",
	.operands = "CONTAINER COMMAND [ARG...]",
	.summary = "Run a process in a running container",
	.opts = exec_opts,
	.args_size = sizeof(struct exec_args),
	.max = -1,
	.stop_at_operand = true,
	.completes = CLI_RUNNING,
	.run = exec_cmd_run,
};
