/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_simple.h - the rules of a profile that need no libseccomp to be turned into answers. */
#ifndef KEG_OS_SECCOMP_SIMPLE_H
#define KEG_OS_SECCOMP_SIMPLE_H

#include "os/seccomp.h"

struct seccomp_answer {
	uint32_t arch, number, action; /* as the kernel has them */
};

struct seccomp_simple {
	int *names; /* by their native numbers, sorted */
	size_t n_names;
	struct seccomp_answer *answers; /* sorted by architecture and number */
	size_t n_answers;
};

/*
 * The names that a single rule allows or denies whatever the arguments, and what that means on each
 * architecture of the profile. None, where it cannot be said with certainty.
 */
void seccomp_simple_find(const struct seccomp_profile *profile, struct seccomp_simple *out);
bool seccomp_simple_has(const struct seccomp_simple *simple, int number);
/* NULL: not among them. */
const struct seccomp_answer *seccomp_simple_answer(const struct seccomp_simple *simple,
						   uint32_t arch, uint32_t number);
void seccomp_simple_done(struct seccomp_simple *simple);
KEG_AUTO(seccomp_simple, seccomp_simple_done)

#endif
