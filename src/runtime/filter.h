/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - linux.seccomp, or what an engine compiled of it, as a filter. */
#ifndef KEG_RUNTIME_FILTER_H
#define KEG_RUNTIME_FILTER_H

#include "os/seccomp.h"
#include "runtime/runtime.h"

/* 1 with *out filled, which the caller releases; 0 when the config has no filter. */
int filter_get(const struct runtime_context *ctx, const struct oci_config *config,
	       struct seccomp_filter *out, struct keg_err *err) KEG_MUST_CHECK;

/* Keep it in the container's folder for exec, and find it there: 1, or 0 when there is none. */
int filter_save(int folder, const struct seccomp_filter *filter,
		struct keg_err *err) KEG_MUST_CHECK;
int filter_load(int folder, struct seccomp_filter *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
