/* SPDX-License-Identifier: Apache-2.0 */
/* matching.h - one command for all containers whose ids a regular expression matches. */
#ifndef KEG_CMD_KEGRUN_MATCHING_H
#define KEG_CMD_KEGRUN_MATCHING_H

#include "cmd/kegrun/globals.h"

/*
 * Do `act` to each container that an extended regular expression matches. A container for which it
 * fails is logged, and the others have their turn; the exit status is then that of a failure.
 */
int matching_each(const struct cli_call *call, const char *pattern,
		  int (*act)(const struct kegrun_context *ctx, const char *id, const void *data,
			     struct keg_err *err),
		  const void *data, struct keg_err *err) KEG_MUST_CHECK;

#endif
