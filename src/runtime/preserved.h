/* SPDX-License-Identifier: Apache-2.0 */
/* preserved.h - the caller's descriptors that the container's process gets beside its streams. */
#ifndef KEG_RUNTIME_PRESERVED_H
#define KEG_RUNTIME_PRESERVED_H

#include "runtime/runtime.h"

struct preserved {
	int *fds;
	size_t n;
};

/*
 * Note which of `count` descriptors from 3 on a program would inherit: what we open ourselves is
 * closed on exec and cannot be meant. Warns of those that are not there.
 */
int preserved_note(const struct runtime_context *ctx, unsigned count, struct preserved *out,
		   struct keg_err *err) KEG_MUST_CHECK;
void preserved_done(struct preserved *preserved);

#endif
