/* SPDX-License-Identifier: Apache-2.0 */
/* mount_attrs.h - what mount options make of a mount's attributes. */
#ifndef KEG_RUNTIME_MOUNT_ATTRS_H
#define KEG_RUNTIME_MOUNT_ATTRS_H

#include "os/mount.h"
#include "runtime/mount_opts.h"

/* MOUNT_ATTR_* of a new mount. */
uint64_t mount_attrs_fresh(const struct mount_opts *opts);

/*
 * The change that gives a mount which exists (`now`: its ST_* flags) the attributes asked for, as
 * mount(8) binds and runc do: where anything was asked, all of it is as asked, what was not named
 * included; but for the access times, which stay unless one is named.
 */
struct mount_change mount_attrs_bind(const struct mount_opts *opts);

/*
 * The same where the kernel has locked what the mount came with, as it does for a user namespace
 * (mount_namespaces(7)): it stays, and what was explicitly asked against it is KEG_EDENIED.
 */
int mount_attrs_locked(const struct mount_opts *opts, uint64_t now, struct mount_change *out,
		       struct keg_err *err) KEG_MUST_CHECK;

#endif
