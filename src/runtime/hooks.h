/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h - programs that the config wants run at points of a container's life. */
#ifndef KEG_RUNTIME_HOOKS_H
#define KEG_RUNTIME_HOOKS_H

#include "spec/runtime_config.h"

/*
 * Run them in order with the state on stdin. `kind` ("prestart") is for messages. The first
 * that fails, or exceeds its timeout and is killed, ends it.
 */
int hooks_run(const char *kind, const struct oci_hook *hooks, size_t n, const char *state,
	      struct keg_err *err) KEG_MUST_CHECK;

#endif
