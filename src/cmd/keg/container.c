/* SPDX-License-Identifier: Apache-2.0 */
/* keg container - the commands for containers, under one name. */
#include "cmd/keg/commands.h"

static const struct cli_cmd *const container_commands[] = {
	&cmd_container_attach, &cmd_container_cleanup, &cmd_container_create,
	&cmd_container_exec,   &cmd_container_exists,  &cmd_container_inspect,
	&cmd_container_kill,   &cmd_container_list,    &cmd_container_logs,
	&cmd_container_rm,     &cmd_container_run,     &cmd_container_start,
	&cmd_container_stop,   &cmd_container_wait,    NULL,
};

const struct cli_cmd cmd_container = {
	.name = "container",
	.summary = "Manage containers",
	.subcommands = container_commands,
};
