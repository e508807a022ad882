/* SPDX-License-Identifier: Apache-2.0 */
/* rlimit.h - resource limits by name. */
#ifndef KEG_OS_RLIMIT_H
#define KEG_OS_RLIMIT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* The number of "RLIMIT_NOFILE", or -1. */
int rlimit_number(const char *name);

/* Our own hard limit; the highest number where the name is unknown. */
uint64_t rlimit_hard(const char *name);

/* Set a limit of a process (0: our own). */
int rlimit_set(pid_t pid, const char *name, uint64_t soft, uint64_t hard,
	       struct keg_err *err) KEG_MUST_CHECK;

#endif
