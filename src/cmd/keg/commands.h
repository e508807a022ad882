/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - every command, one line each; main.c lists them in the order of the help. */
#ifndef KEG_CMD_KEG_COMMANDS_H
#define KEG_CMD_KEG_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_cmd cmd_image;
extern const struct cli_cmd cmd_image_list;
extern const struct cli_cmd cmd_image_rm;
extern const struct cli_cmd cmd_images;
extern const struct cli_cmd cmd_import;
extern const struct cli_cmd cmd_info;
extern const struct cli_cmd cmd_load;
extern const struct cli_cmd cmd_pull;
extern const struct cli_cmd cmd_rmi;
extern const struct cli_cmd cmd_tag;
extern const struct cli_cmd cmd_untag;
extern const struct cli_cmd cmd_version;

#endif
