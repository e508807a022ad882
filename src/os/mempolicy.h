/* SPDX-License-Identifier: Apache-2.0 */
/* mempolicy.h - on which memory nodes the calling process gets its pages. */
#ifndef KEG_OS_MEMPOLICY_H
#define KEG_OS_MEMPOLICY_H

#include "os/bitlist.h"

struct mempolicy {
	unsigned mode; /* with the flags, as set_mempolicy(2) takes them */
	struct bitlist nodes;
};

/* "MPOL_BIND", nodes as a list (NULL: none), "MPOL_F_STATIC_NODES"; as the kernel would judge. */
int mempolicy_parse(const char *mode, const char *nodes, const char *const *flags, size_t n_flags,
		    struct mempolicy *out, struct keg_err *err) KEG_MUST_CHECK;

/* The n-th mode, the n-th flag that mempolicy_parse() takes, or NULL. */
const char *mempolicy_mode_name(size_t n);
const char *mempolicy_flag_name(size_t n);

int mempolicy_set(const struct mempolicy *policy, struct keg_err *err) KEG_MUST_CHECK;

#endif
