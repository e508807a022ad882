/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegcopy/commands.h"
#include "cmd/kegcopy/globals.h"

/* The second where the store or a layout has no such image, as newer versions of the peer; that a
   registry has none is an error as any, as in the older ones. */
enum { EXIT_ERROR = 1, EXIT_NO_IMAGE = 2 };

static const struct cli_cmd *const commands[] = {
	&cmd_copy,
	&cmd_delete,
	&cmd_generate_sigstore_key,
	&cmd_inspect,
	&cmd_list_tags,
	&cmd_login,
	&cmd_logout,
	&cmd_manifest_digest,
	&cmd_standalone_sign,
	&cmd_standalone_verify,
	&cmd_sync,
	NULL,
};

static const struct cli_program kegcopy = {
	.name = "kegcopy",
	.summary = "Inspect, copy, sign and delete images wherever they are kept",
	/* Scripts ask for the version of the tool whose command line this is. */
	.version = KEG_VERSION " (command line of skopeo version 1.9.3)",
	.opts = copy_global_opts,
	.globals_size = sizeof(struct copy_globals),
	.globals_anywhere = true,
	.start = copy_globals_start,
	.commands = commands,
	.error_status = EXIT_ERROR,
	.no_image_status = EXIT_NO_IMAGE,
};

int main(int argc, char **argv)
{
	return cli_main(&kegcopy, argc, argv);
}
