/* SPDX-License-Identifier: Apache-2.0 */
/* cgroupfs.h - a container's view of the control groups, in whatever layout the host has. */
#ifndef KEG_RUNTIME_CGROUPFS_H
#define KEG_RUNTIME_CGROUPFS_H

#include "runtime/launch.h"
#include "runtime/mount_opts.h"

/*
 * Mount it at `target`. With v2 alone that is one file system; else a tmpfs with one mount a
 * hierarchy. In an own cgroup namespace they are mounted anew and show the container's group as
 * their root; otherwise the container's own folders are bound.
 */
int cgroupfs_mount(const struct launch *launch, int target, const struct mount_opts *opts,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
