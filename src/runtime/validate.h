/* SPDX-License-Identifier: Apache-2.0 */
/* validate.h - what a config must not say, found out before anything is made. */
#ifndef KEG_RUNTIME_VALIDATE_H
#define KEG_RUNTIME_VALIDATE_H

#include "runtime/join.h"
#include "runtime/runtime.h"

/* `os`, `process` and `root` are there. Warns of what is odd. */
int validate_config(const struct runtime_context *ctx, const struct oci_config *config,
		    const struct join *join, struct keg_err *err) KEG_MUST_CHECK;

/* The part of it that says what this build does not do, rather than passing over it. */
int validate_supported(const struct oci_linux *os, struct keg_err *err) KEG_MUST_CHECK;

#endif
