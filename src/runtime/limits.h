/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - linux.resources as the limits of a control group. */
#ifndef KEG_RUNTIME_LIMITS_H
#define KEG_RUNTIME_LIMITS_H

#include "os/cgroup.h"
#include "spec/runtime_config.h"

/*
 * Translate; *out and what it points to live in the arena, or in `from`. With `devices` the
 * default devices are allowed after the config's own rules.
 */
int limits_translate(const struct oci_resources *from, bool devices, struct cgroup_resources *out,
		     struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

#endif
