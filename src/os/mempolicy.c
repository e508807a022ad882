/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mempolicy.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/words.h"

enum { WEIGHTED_INTERLEAVE = 6 }; /* Linux 6.9 */

static const struct words_entry modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE },
};

static const struct words_entry mode_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
};

static int check_count(unsigned mode, size_t n, struct keg_err *err)
{
	bool none = mode == MPOL_DEFAULT || mode == MPOL_LOCAL;

	if (none && n > 0)
		return keg_fail(err, KEG_EUSAGE, "memory policy mode requires 0 nodes but got %zu",
				n);
	if (!none && mode != MPOL_PREFERRED && n == 0)
		return keg_fail(err, KEG_EUSAGE,
				"memory policy mode requires at least one node but got 0");
	return 0;
}

int mempolicy_parse(const char *mode, const char *nodes, const char *const *flags, size_t n_flags,
		    struct mempolicy *out, struct keg_err *err)
{
	unsigned number = 0, bits = 0;
	int r = words_find(modes, KEG_COUNT(modes), "invalid memory policy mode", mode, &number,
			   err);

	if (r >= 0 && bitlist_parse(nodes ? nodes : "", &out->nodes, err) < 0)
		r = keg_wrap(err, "invalid memory policy nodes");
	if (r >= 0)
		r = words_join(mode_flags, KEG_COUNT(mode_flags), "invalid memory policy flag",
			       flags, n_flags, &bits, err);
	if (r >= 0)
		r = check_count(number, bitlist_count(&out->nodes), err);
	out->mode = number | bits;
	return r;
}

const char *mempolicy_mode_name(size_t n)
{
	return n < KEG_COUNT(modes) ? modes[n].name : NULL;
}

const char *mempolicy_flag_name(size_t n)
{
	return n < KEG_COUNT(mode_flags) ? mode_flags[n].name : NULL;
}

int mempolicy_set(const struct mempolicy *policy, struct keg_err *err)
{
	bool none = bitlist_count(&policy->nodes) == 0;

	/* The kernel counts one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, policy->mode, none ? NULL : policy->nodes.words,
		    none ? 0 : BITLIST_BITS + 1) < 0)
		return keg_fail_sys(err, errno, "set the memory policy");
	return 0;
}
