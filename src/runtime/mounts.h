/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.h - the mounts of a config, made inside a root that is not trusted. */
#ifndef KEG_RUNTIME_MOUNTS_H
#define KEG_RUNTIME_MOUNTS_H

#include "runtime/launch.h"

/* Make all mounts of the config below `root`, in order. */
int mounts_make(const struct launch *launch, int root, struct keg_err *err) KEG_MUST_CHECK;

/* What must wait until all else is in place: tmpfs mounts become read-only. */
int mounts_finish(const struct launch *launch, struct keg_err *err) KEG_MUST_CHECK;

#endif
