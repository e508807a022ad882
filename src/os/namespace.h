/* SPDX-License-Identifier: Apache-2.0 */
/* namespace.h - the kernel's eight namespaces by name, and what a new one needs first. */
#ifndef KEG_OS_NAMESPACE_H
#define KEG_OS_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct namespace_kind {
	const char *name; /* as the OCI specification has it: "network" */
	const char *file; /* below /proc/PID/ns: "net" */
	uint64_t flag;	  /* CLONE_NEWNET */
};

/* In an order in which one process may join them: user first, mount last. */
extern const struct namespace_kind namespace_kinds[];
extern const size_t namespace_n_kinds;

/* By OCI name; NULL when unknown. */
const struct namespace_kind *namespace_find(const char *name);

/*
 * Are we in a user namespace that lacks some of the host's ids? Root in it is not root of the
 * host: it may not make cgroups, devices, or more than its own limits.
 */
bool namespace_user_is_partial(void);

/* Bring up "lo" in the network namespace that we are in. */
int namespace_loopback_up(struct keg_err *err) KEG_MUST_CHECK;

#endif
