/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs.h - layers where overlay cannot be used, as the vfs driver of the peers keeps them: each
 * is a whole tree vfs/dir/<id>, with what the layers below have, and needs no mount to be used.
 * Where the file system can, contents are shared with the layer below. For files of this layer.
 */
#ifndef KEG_STORE_VFS_H
#define KEG_STORE_VFS_H

#include "store/handle.h"
#include "store/rootfs.h"
#include "store/staging.h"

/* In the staging: the tree that becomes vfs/dir/<id>. */
#define VFS_STAGED "whole"

/* Make it of the parent's tree (NULL or "": of nothing) and of what was unpacked into the staging.
 */
int vfs_build(const struct store_place *place, struct store_staging *staging, const char *parent,
	      struct keg_err *err) KEG_MUST_CHECK;

/*
 * As store_rootfs_mount(): the image's tree itself, read-only; or a copy of it in the upper
 * folder, made the first time.
 */
int vfs_mount(const struct store_place *place, const struct store_rootfs *what,
	      struct keg_err *err) KEG_MUST_CHECK;

#endif
