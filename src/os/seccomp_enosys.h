/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_enosys.h - system calls newer than a profile are answered as an older kernel would. */
#ifndef KEG_OS_SECCOMP_ENOSYS_H
#define KEG_OS_SECCOMP_ENOSYS_H

#include "os/seccomp.h"

/*
 * Where a profile denies by default, put a prologue before the filter: a native call with a
 * number above all that the profile names gives ENOSYS. C libraries fall back on that, while
 * EPERM for a call that the profile's author could not know breaks them. runc does the same.
 */
void seccomp_enosys_prepend(const struct seccomp_profile *profile, uint32_t default_action,
			    struct seccomp_filter *filter);

#endif
