/* SPDX-License-Identifier: Apache-2.0 */
/* mount_target.h - where a mount goes: found, or made, below a root that is not trusted. */
#ifndef KEG_RUNTIME_MOUNT_TARGET_H
#define KEG_RUNTIME_MOUNT_TARGET_H

#include "runtime/mount_plan.h"

/*
 * The place as a descriptor that the caller owns. Where nothing is there it is made, as a folder
 * or as an empty file, and *made says so (may be NULL). A place in /proc is refused but for what
 * is known to be harmless.
 */
int mount_target_open(int root, const struct mount_plan *plan, bool folder, bool *made,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
