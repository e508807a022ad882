/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_opts.h - what create and run have in common: their options, and the request these make. */
#ifndef KEG_CMD_KEGRUN_BUNDLE_OPTS_H
#define KEG_CMD_KEGRUN_BUNDLE_OPTS_H

#include "cli/cli.h"
#include "runtime/runtime.h"

struct bundle_opts {
	const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file;
	bool no_pivot, no_new_keyring, no_subreaper;
	uint64_t preserve_fds;
};

extern const struct cli_opt bundle_opts_rows[];

/*
 * Fill the request. Descriptors passed as systemd does (LISTEN_FDS) are preserved too, and the
 * variables for them are added to *config, which the arena owns then.
 */
int bundle_opts_request(const struct bundle_opts *opts, struct runtime_create_request *req,
			struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

#endif
