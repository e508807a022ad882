/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount.h - mounts by descriptor: made or cloned detached, changed while nobody sees them,
 * attached.
 *
 * Linux 5.12 (mount_setattr). A detached tree that is closed is gone.
 */
#ifndef KEG_OS_MOUNT_H
#define KEG_OS_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A mount, or what lies at a path of it, as a detached tree; with what is mounted below if `deep`.
 * An empty path is what `dirfd` itself refers to. A link as the last component is followed unless
 * `nofollow`.
 */
struct mount_place {
	int dirfd;
	const char *path;
	bool nofollow;
};
int mount_clone(const struct mount_place *from, bool deep, struct keg_err *err) KEG_MUST_CHECK;

/* A new file system, detached; "name=value" or "flag" words configure it, NULL ones are skipped. */
int mount_new(const char *type, const char *source, const char *const *data, size_t n_data,
	      unsigned attrs, struct keg_err *err) KEG_MUST_CHECK;

/* Give the file system that is mounted at a descriptor other words of configuration. */
int mount_reconfigure(int target, const char *const *data, size_t n_data,
		      struct keg_err *err) KEG_MUST_CHECK;

/* Attach a detached tree at a descriptor. */
int mount_attach(int tree, int target, struct keg_err *err) KEG_MUST_CHECK;

/* MOUNT_ATTR_* to take away, then to give; to all that is mounted below as well if `deep`. */
struct mount_change {
	uint64_t clr, set;
};
int mount_set(int tree, const struct mount_change *change, bool deep,
	      struct keg_err *err) KEG_MUST_CHECK;

/* MS_SHARED and its kin, perhaps with MS_REC; 0 changes nothing. */
int mount_propagate(int tree, uint64_t word, struct keg_err *err) KEG_MUST_CHECK;

/* Show the owners of files as a user namespace maps them. */
int mount_map_ids(int tree, int userns, bool deep, struct keg_err *err) KEG_MUST_CHECK;

/* Is what a descriptor refers to the root of a mount? */
bool mount_is_root(int fd);

#endif
