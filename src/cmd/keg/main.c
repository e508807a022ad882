/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/commands.h"
#include "cmd/keg/globals.h"

/* What the container tools of this field answer for an error of their own. */
enum { EXIT_OWN_ERROR = 125 };

/* In the order of the help. One a line: several people add here. */
static const struct cli_cmd *const commands[] = {
	/* clang-format off */
	&cmd_container_attach,
	&cmd_container,
	&cmd_container_create,
	&cmd_container_exec,
	&cmd_image,
	&cmd_images,
	&cmd_import,
	&cmd_info,
	&cmd_inspect,
	&cmd_container_kill,
	&cmd_load,
	&cmd_container_logs,
	&cmd_manifest,
	&cmd_ps,
	&cmd_pull,
	&cmd_push,
	&cmd_container_rm,
	&cmd_rmi,
	&cmd_container_run,
	&cmd_save,
	&cmd_container_start,
	&cmd_container_stop,
	&cmd_system,
	&cmd_tag,
	&cmd_unshare,
	&cmd_untag,
	&cmd_version,
	&cmd_container_wait,
	NULL,
	/* clang-format on */
};

static const struct cli_program keg = {
	.name = "keg",
	.summary = "Manage containers and images",
	.version = KEG_VERSION,
	.opts = keg_global_opts,
	.globals_size = sizeof(struct keg_globals),
	.globals_anywhere = true,
	.start = keg_globals_start,
	.commands = commands,
	.error_status = EXIT_OWN_ERROR,
};

int main(int argc, char **argv)
{
	return cli_main(&keg, argc, argv);
}
