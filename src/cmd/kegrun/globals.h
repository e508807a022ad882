/* SPDX-License-Identifier: Apache-2.0 */
/* globals.h - the options before the command, in runc's and crun's spellings. */
#ifndef KEG_CMD_KEGRUN_GLOBALS_H
#define KEG_CMD_KEGRUN_GLOBALS_H

#include "cli/cli.h"
#include "runtime/runtime.h"

struct kegrun_globals {
	const char *root, *log, *log_format, *log_level, *rootless, *cgroup_manager, *criu;
	bool debug, systemd_cgroup, version;
	bool as_crun; /* no option: the program was called by that name */
};

extern const struct cli_opt kegrun_globals_opts[];

/* For a program that is called crun. */
void kegrun_globals_as_crun(void *globals);

/* Check them, and set the log level. */
int kegrun_globals_start(const void *globals, struct keg_err *err);

/* A context that owns what it points to. */
struct kegrun_context {
	struct runtime_context runtime;
	char *root, *cache;
};
void kegrun_context_init(struct kegrun_context *ctx, const struct cli_call *call);
void kegrun_context_done(struct kegrun_context *ctx);
KEG_AUTO(kegrun_context, kegrun_context_done)

/* The ids of the containers, for completion; CLI_RUNNING: those that have a process. */
void kegrun_candidates(const void *globals, enum cli_operand kind, struct keg_strv *out);

/*
 * The error of a create or run, whose exit status is 1 whatever the reason: the codes for a
 * command that is missing or cannot be run are for callers of the library.
 */
int kegrun_start_failed(struct keg_err *err);

#endif
