/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - every command of kegcopy, one line each; main.c lists them in this order. */
#ifndef KEG_CMD_KEGCOPY_COMMANDS_H
#define KEG_CMD_KEGCOPY_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_cmd cmd_copy;
extern const struct cli_cmd cmd_delete;
extern const struct cli_cmd cmd_generate_sigstore_key;
extern const struct cli_cmd cmd_inspect;
extern const struct cli_cmd cmd_list_tags;
extern const struct cli_cmd cmd_login;
extern const struct cli_cmd cmd_logout;
extern const struct cli_cmd cmd_manifest_digest;
extern const struct cli_cmd cmd_standalone_sign;
extern const struct cli_cmd cmd_standalone_verify;
extern const struct cli_cmd cmd_sync;

#endif
