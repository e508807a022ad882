/* SPDX-License-Identifier: Apache-2.0 */
/* join.h - which namespaces a container gets anew and which existing ones it joins. */
#ifndef KEG_RUNTIME_JOIN_H
#define KEG_RUNTIME_JOIN_H

#include <stdint.h>

#include "base/err.h"
#include "spec/runtime_config.h"

enum { JOIN_MAX = 8 };

struct join {
	uint64_t fresh;	   /* CLONE_NEW* to make */
	uint64_t existing; /* CLONE_NEW* to join */
	int fds[JOIN_MAX]; /* of the existing ones, by namespace_kinds index; else -1 */
};

/*
 * Open what the config names. Names that are our own namespace already count as neither (a
 * user namespace cannot be joined twice).
 */
int join_open(const struct oci_linux *os, struct join *out, struct keg_err *err) KEG_MUST_CHECK;
void join_done(struct join *join);

/* An existing namespace of one kind again; the caller owns it. */
int join_dup(const struct join *join, uint64_t which, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Enter with our privileges what can be so, all but the user and the mount namespace: the user
 * namespace that we are to be in need not own them. These are closed; the others stay for later.
 */
void join_enter_early(struct join *join);
/* Enter those of `which` that are open, the user namespace first and the mounts last. */
int join_enter(const struct join *join, uint64_t which, struct keg_err *err) KEG_MUST_CHECK;

#endif
