/* SPDX-License-Identifier: Apache-2.0 */
/* delete.h - the end of a container that its maker still has at hand. */
#ifndef KEG_RUNTIME_DELETE_H
#define KEG_RUNTIME_DELETE_H

#include "os/cgroup.h"
#include "runtime/state.h"

/*
 * Delete a container whose first process has ended, as runtime_delete() does but with nothing read
 * again. `group`: NULL where it has none. One that somebody else deleted is fine.
 */
int delete_ended(const struct runtime_context *ctx, const struct state_container *container,
		 struct cgroup *group, struct keg_err *err) KEG_MUST_CHECK;

#endif
