/* SPDX-License-Identifier: Apache-2.0 */
/* caps.h - capabilities by system call; a set is a word with bit N for capability N. */
#ifndef KEG_OS_CAPS_H
#define KEG_OS_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* The number of "CAP_KILL" (any case), or -1. */
int caps_number(const char *name);
/* The name of a number that this build knows, or NULL. */
const char *caps_name(int number);

/* All capabilities that the running kernel has. */
uint64_t caps_known(void);
/* What the calling process may do now: nothing where that cannot be found out. */
uint64_t caps_effective(void);
/* What it may be given. */
int caps_permitted(uint64_t *out, struct keg_err *err) KEG_MUST_CHECK;

/* Give up, for good, what is not in the set. */
int caps_limit_bounding(uint64_t keep, struct keg_err *err) KEG_MUST_CHECK;
/* Keep the permitted set when the user id changes from 0. */
int caps_keep_over_setuid(bool keep, struct keg_err *err) KEG_MUST_CHECK;
/*
 * The other four sets. What the process is not permitted is left out of all, as the runtime
 * specification wants it, and what ambient cannot have out of that.
 */
int caps_apply(const struct caps *want, struct keg_err *err) KEG_MUST_CHECK;

#endif
