/* SPDX-License-Identifier: Apache-2.0 */
/* overlay.h - mounting overlayfs detached, with any number of layers. */
#ifndef KEG_OS_OVERLAY_H
#define KEG_OS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct overlay_request {
	int base;		  /* folder that `lower` is relative to */
	const char *const *lower; /* topmost first, at least one; short names keep it mountable */
	size_t n_lower;
	int upper, work;     /* -1: a read-only mount */
	bool userxattr;	     /* "user.overlay.*": needed in a user namespace */
	bool is_volatile;    /* never sync; the work folder is then not reusable after a crash */
	const char *label;   /* SELinux context, or NULL */
	const char *options; /* comma-separated as in storage.conf's mountopt, or NULL */
};

/*
 * The mount as a descriptor of fsmount(2). The folders were opened in the mount namespace that
 * the process is in now. Options that are mount attributes (nodev, ro, ...) and those that
 * overlayfs knows are applied; unknown ones are KEG_EUSAGE; metacopy and redirect_dir, which
 * go not with userxattr, are left out there, as the peers do. Changes nothing in this process
 * but for its descriptors. KEG_EUNSUPPORTED when the kernel has no (unprivileged) overlay.
 */
int overlay_mount(const struct overlay_request *req, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same for kernels before 6.5, which overlay_mount() falls back to: by mount(2) in a child
 * with a mount namespace of its own. All options together, with the layers' names, must fit a
 * page, and the names must do without ':', ',' and '\\'.
 */
int overlay_mount_legacy(const struct overlay_request *req, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remove the work folder `name` of an overlay that is mounted no more, with what the kernel leaves
 * there. It spares keg_remove_tree() a walk, and leaves to it what this does not know.
 */
void overlay_clear_work(int dirfd, const char *name);

#endif
