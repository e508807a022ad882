/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.h - the container's root: attached, then entered, so that nothing of the host is left.
 *
 * The root is attached where it is, so that hooks which enter the mount namespace find it by its
 * path; one that exists only as a descriptor is attached over "/" of the new namespace and
 * needs no folder of the host. A container without a mount namespace of its own has its mounts on
 * the host, below its root, where they stay; it is confined to that folder. Names from "/" mean the
 * host until rootfs_enter().
 */
#ifndef KEG_RUNTIME_ROOTFS_H
#define KEG_RUNTIME_ROOTFS_H

#include "runtime/launch.h"

/* Cut the new mount namespace off from the host's, as linux.rootfsPropagation says. */
int rootfs_detach(const struct launch *launch, struct keg_err *err) KEG_MUST_CHECK;

/* Attach the root; its descriptor, which the caller owns. */
int rootfs_attach(const struct launch *launch, struct keg_err *err) KEG_MUST_CHECK;

/* After a failure from then on: in the host's mount namespace what was attached would stay. */
void rootfs_abandon(const struct launch *launch, int root);

/* Make it "/" and drop the host's; apply what must come last: read-only, propagation. */
int rootfs_enter(const struct launch *launch, int root, struct keg_err *err) KEG_MUST_CHECK;

#endif
