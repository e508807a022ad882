/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegcopy/commands.h"
#include "cmd/kegcopy/globals.h"

/* The peer answers this for every error. */
enum { EXIT_ERROR = 1 };

static const struct cli_cmd *const commands[] = {
	&cmd_copy,   &cmd_delete,	   &cmd_inspect, &cmd_list_tags, &cmd_login,
	&cmd_logout, &cmd_manifest_digest, &cmd_sync,	 NULL,
};

static const struct cli_program kegcopy = {
	.name = "kegcopy",
	.summary = "Inspect, copy and delete images wherever they are kept",
	/* Scripts ask for the version of the tool whose command line this is. */
	.version = KEG_VERSION " (command line of skopeo version 1.9.3)",
	.opts = copy_global_opts,
	.globals_size = sizeof(struct copy_globals),
	.globals_anywhere = true,
	.start = copy_globals_start,
	.commands = commands,
	.error_status = EXIT_ERROR,
};

int main(int argc, char **argv)
{
	return cli_main(&kegcopy, argc, argv);
}
