/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/commands.h"
#include "cmd/keg/globals.h"

/* What the container tools of this field answer for an error of their own. */
enum { EXIT_OWN_ERROR = 125 };

static const struct cli_cmd *const commands[] = {
	&cmd_version,
	NULL,
};

static const struct cli_program keg = {
	.name = "keg",
	.summary = "Manage containers and images",
	.version = KEG_VERSION,
	.opts = keg_global_opts,
	.globals_size = sizeof(struct keg_globals),
	.start = keg_globals_start,
	.commands = commands,
	.error_status = EXIT_OWN_ERROR,
};

int main(int argc, char **argv)
{
	return cli_main(&keg, argc, argv);
}
