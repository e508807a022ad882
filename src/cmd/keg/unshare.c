/* SPDX-License-Identifier: Apache-2.0 */
/* keg unshare - a command in the user namespace in which an ordinary user's containers live. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/spawn.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/userns.h"

static const struct cli_opt unshare_opts[] = {
	OPT_REFUSED(0, "rootless-netns", NULL),
	OPT_END,
};

static int unshare_run(const struct cli_call *call, struct keg_err *err)
{
	const char *shell = getenv("SHELL");
	const char *standard[] = { shell ? shell : "/bin/sh", NULL };
	auto(engine) engine = ENGINE_INIT;
	char *const *argv = call->n_operands ? call->operands : (char *const *)(void *)standard;

	if (!userns_is_outside())
		return keg_fail(err, KEG_EUSAGE, "please use unshare with rootless");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = engine_enter(&engine, err);
	if (r < 0)
		return r;
	execvp(argv[0], argv);
	/* A folder of PATH that may not be looked into does not make the command be there. */
	bool missing = errno == ENOENT || (errno == EACCES && !strchr(argv[0], '/'));
	return keg_fail(err, missing ? KEG_ENOCOMMAND : KEG_EBADCOMMAND, "%s: %s", argv[0],
			missing ? "command not found" : strerror(errno));
}

const struct cli_cmd cmd_unshare = {
	.name = "unshare",
	.operands = "[COMMAND [ARG...]]",
	.summary = "Run a command in a modified user namespace",
	.opts = unshare_opts,
	.max = -1,
	.stop_at_operand = true,
	.completes = CLI_COMMAND,
	.run = unshare_run,
};
