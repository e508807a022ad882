/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.h - a container's root file system: the layers of its image below its own tree. */
#ifndef KEG_STORE_ROOTFS_H
#define KEG_STORE_ROOTFS_H

#include <stdbool.h>

#include "store/image.h"

struct store_rootfs {
	const struct store_image *image;
	int upper, work;   /* folders on one file system; both -1: read-only */
	const char *label; /* SELinux context for all of it, or NULL */
	bool is_volatile;  /* the tree need not survive a crash: skip every sync */
};

/*
 * Mount it detached, below no path, with storage.conf's mount options: a descriptor for
 * move_mount(2). It is gone when the descriptor and all mounts made of it are. At the first
 * mount the upper folder gets the mode and owner of the image's root, which it hides. Where
 * the kernel refuses native overlay: KEG_EUNSUPPORTED with a hint.
 */
int store_rootfs_mount(struct store *store, const struct store_rootfs *what,
		       struct keg_err *err) KEG_MUST_CHECK;

#endif
