/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - every command, one line each; main.c lists them in the order of the help. */
#ifndef KEG_CMD_KEG_COMMANDS_H
#define KEG_CMD_KEG_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_cmd cmd_version;

#endif
