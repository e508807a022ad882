/* SPDX-License-Identifier: Apache-2.0 */
/* globals.h - the options that stand before the command: `keg --root DIR run ...`. */
#ifndef KEG_CMD_KEG_GLOBALS_H
#define KEG_CMD_KEG_GLOBALS_H

#include "cli/cli.h"

struct keg_globals {
	const char *root, *runroot, *tmpdir;
	const char *storage_driver, *imagestore;
	struct keg_strv storage_opts;
	const char *runtime;
	struct keg_strv runtime_flags;
	const char *conmon;
	const char *cgroup_manager;
	const char *events_backend;
	const char *hooks_dir;
	const char *log_level;
	bool version;
};

extern const struct cli_opt keg_global_opts[];

/* Sets the log level; KEG_EUSAGE for one that does not exist. */
int keg_globals_start(const void *globals, struct keg_err *err) KEG_MUST_CHECK;

#endif
