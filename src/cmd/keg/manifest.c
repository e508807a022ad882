/* SPDX-License-Identifier: Apache-2.0 */
/* keg manifest - the commands for manifest lists, under one name. */
#include "cmd/keg/commands.h"

static const struct cli_cmd *const manifest_commands[] = {
	&cmd_manifest_add,    &cmd_manifest_annotate, &cmd_manifest_create,
	&cmd_manifest_exists, &cmd_manifest_inspect,  &cmd_manifest_push,
	&cmd_manifest_remove, &cmd_manifest_rm,	      NULL,
};

const struct cli_cmd cmd_manifest = {
	.name = "manifest",
	.summary = "Manipulate manifest lists and image indexes",
	.subcommands = manifest_commands,
};
