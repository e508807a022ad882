/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.h - the mounts of a config, made inside a root that is not trusted. */
#ifndef KEG_RUNTIME_MOUNTS_H
#define KEG_RUNTIME_MOUNTS_H

#include "runtime/launch.h"

/*
 * Clone the sources of all bind mounts as detached trees into `out` (one a mount, -1 where it is
 * no bind). Before the root is attached, as a clone of "/" would hold it otherwise; and by the
 * parent where the child, root only of its own user namespace, could not reach them.
 */
int mounts_open_sources(const struct oci_config *config, int *out, bool detach_from_host,
			struct keg_err *err) KEG_MUST_CHECK;
void mounts_close_sources(const struct oci_config *config, int *sources);

/* A mount, or what lies at a path of it, as a detached tree; with what is mounted below if `deep`.
 */
int mounts_clone(const char *path, bool deep, bool detach_from_host,
		 struct keg_err *err) KEG_MUST_CHECK;

/* Make all mounts of the config below `root`, in order. */
int mounts_make(const struct launch *launch, int root, struct keg_err *err) KEG_MUST_CHECK;

/* What must wait until all else is in place: tmpfs mounts become read-only. */
int mounts_finish(const struct launch *launch, int root, struct keg_err *err) KEG_MUST_CHECK;

/* Attach a detached tree at a descriptor. */
int mounts_attach(int tree, int target, struct keg_err *err) KEG_MUST_CHECK;
/* A new file system, detached; "name=value" or "flag" words configure it. */
int mounts_new(const char *type, const char *source, const char *const *data, size_t n_data,
	       unsigned attrs, struct keg_err *err) KEG_MUST_CHECK;

#endif
