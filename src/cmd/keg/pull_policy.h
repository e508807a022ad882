/* SPDX-License-Identifier: Apache-2.0 */
/* pull_policy.h - when an image is fetched that may be here already. */
#ifndef KEG_CMD_KEG_PULL_POLICY_H
#define KEG_CMD_KEG_PULL_POLICY_H

#include "engine/engine.h"
#include "image/transfer.h"

/* "always", "missing", ...: KEG_EUSAGE for others. */
int pull_policy_parse(const char *text, enum transfer_pull_policy *out,
		      struct keg_err *err) KEG_MUST_CHECK;

/*
 * The image that the name means now, in the engine's arena, or NULL; the store is not opened where
 * the policy does not ask for it.
 */
const char *pull_local_id(struct engine *engine, enum transfer_pull_policy policy,
			  const char *image);

#endif
