/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/commands.h"
#include "cmd/keg/globals.h"

/* What the container tools of this field answer for an error of their own. */
enum { EXIT_OWN_ERROR = 125 };

/* In the order of the help. One a line: several people add here. */
static const struct cli_cmd *const commands[] = {
	/* clang-format off */
	&cmd_image,
	&cmd_images,
	&cmd_import,
	&cmd_info,
	&cmd_load,
	&cmd_pull,
	&cmd_rmi,
	&cmd_tag,
	&cmd_untag,
	&cmd_version,
	NULL,
	/* clang-format on */
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
