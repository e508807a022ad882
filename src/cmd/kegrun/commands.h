/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - every command of kegrun, each in the file of its name. */
#ifndef KEG_CMD_KEGRUN_COMMANDS_H
#define KEG_CMD_KEGRUN_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_cmd kegrun_checkpoint, kegrun_create, kegrun_delete, kegrun_events,
	kegrun_exec, kegrun_features, kegrun_kill, kegrun_list, kegrun_mounts, kegrun_pause,
	kegrun_ps, kegrun_restore, kegrun_resume, kegrun_run, kegrun_spec, kegrun_start,
	kegrun_state, kegrun_update;

#endif
