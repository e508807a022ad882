/* SPDX-License-Identifier: Apache-2.0 */
/* keg system - the commands for keg as a whole. */
#include "cmd/keg/commands.h"

static const struct cli_cmd *const system_commands[] = {
	&cmd_system_check, &cmd_system_df, &cmd_info, &cmd_system_prune, NULL,
};

const struct cli_cmd cmd_system = {
	.name = "system",
	.summary = "Manage keg",
	.subcommands = system_commands,
};
