/* SPDX-License-Identifier: Apache-2.0 */
/* globals.h - the options before the command: `kegcopy --policy FILE copy ...`. */
#ifndef KEG_CMD_KEGCOPY_GLOBALS_H
#define KEG_CMD_KEGCOPY_GLOBALS_H

#include "cli/cli.h"

struct copy_globals {
	bool version, debug, insecure_policy, require_signed;
	const char *policy, *tmpdir, *user_agent_prefix;
	const char *os, *arch, *variant;
	const char *registries_conf, *registries_conf_dir, *registries_d;
	const char *command_timeout;
};

extern const struct cli_opt copy_global_opts[];

int copy_globals_start(const void *globals, struct keg_err *err) KEG_MUST_CHECK;

/* When --command-timeout, counted from now, is over: of keg_monotonic_ns(), or 0: never. */
int copy_globals_deadline(const struct copy_globals *globals, int64_t *out,
			  struct keg_err *err) KEG_MUST_CHECK;

#endif
