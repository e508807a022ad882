/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - every command, one line each; main.c lists them in the order of the help. */
#ifndef KEG_CMD_KEG_COMMANDS_H
#define KEG_CMD_KEG_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_cmd cmd_container;
extern const struct cli_cmd cmd_container_attach;
extern const struct cli_cmd cmd_container_cleanup;
extern const struct cli_cmd cmd_container_create;
extern const struct cli_cmd cmd_container_exec;
extern const struct cli_cmd cmd_container_exists;
extern const struct cli_cmd cmd_container_inspect;
extern const struct cli_cmd cmd_container_kill;
extern const struct cli_cmd cmd_container_list;
extern const struct cli_cmd cmd_container_logs;
extern const struct cli_cmd cmd_container_rm;
extern const struct cli_cmd cmd_container_run;
extern const struct cli_cmd cmd_container_start;
extern const struct cli_cmd cmd_container_stop;
extern const struct cli_cmd cmd_container_wait;
extern const struct cli_cmd cmd_image;
extern const struct cli_cmd cmd_image_exists;
extern const struct cli_cmd cmd_image_inspect;
extern const struct cli_cmd cmd_image_list;
extern const struct cli_cmd cmd_image_prune;
extern const struct cli_cmd cmd_image_sign;
extern const struct cli_cmd cmd_image_trust;
extern const struct cli_cmd cmd_image_rm;
extern const struct cli_cmd cmd_images;
extern const struct cli_cmd cmd_import;
extern const struct cli_cmd cmd_info;
extern const struct cli_cmd cmd_inspect;
extern const struct cli_cmd cmd_load;
extern const struct cli_cmd cmd_manifest;
extern const struct cli_cmd cmd_manifest_add;
extern const struct cli_cmd cmd_manifest_annotate;
extern const struct cli_cmd cmd_manifest_create;
extern const struct cli_cmd cmd_manifest_exists;
extern const struct cli_cmd cmd_manifest_inspect;
extern const struct cli_cmd cmd_manifest_push;
extern const struct cli_cmd cmd_manifest_remove;
extern const struct cli_cmd cmd_manifest_rm;
extern const struct cli_cmd cmd_ps;
extern const struct cli_cmd cmd_pull;
extern const struct cli_cmd cmd_push;
extern const struct cli_cmd cmd_rmi;
extern const struct cli_cmd cmd_save;
extern const struct cli_cmd cmd_system;
extern const struct cli_cmd cmd_system_check;
extern const struct cli_cmd cmd_system_df;
extern const struct cli_cmd cmd_system_prune;
extern const struct cli_cmd cmd_tag;
extern const struct cli_cmd cmd_unshare;
extern const struct cli_cmd cmd_untag;
extern const struct cli_cmd cmd_version;

#endif
