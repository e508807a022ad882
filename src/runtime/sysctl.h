/* SPDX-License-Identifier: Apache-2.0 */
/* sysctl.h - linux.sysctl: only what the container has for itself. */
#ifndef KEG_RUNTIME_SYSCTL_H
#define KEG_RUNTIME_SYSCTL_H

#include "runtime/join.h"

/* Refuse a name that is not inside a namespace of the container's own. */
int sysctl_check(const struct oci_config *config, const struct join *join,
		 struct keg_err *err) KEG_MUST_CHECK;

/* Write them through `procfs`, the host's /proc; the calling process' namespaces decide. */
int sysctl_apply(const struct oci_linux *os, int procfs, struct keg_err *err) KEG_MUST_CHECK;

#endif
