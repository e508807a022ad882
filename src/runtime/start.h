/* SPDX-License-Identifier: Apache-2.0 */
/* start.h - what start and run share. */
#ifndef KEG_RUNTIME_START_H
#define KEG_RUNTIME_START_H

#include "runtime/state.h"

/* Run the poststart hooks; the container runs already. */
int start_hooks(const struct state_record *record, const struct oci_config *config,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
