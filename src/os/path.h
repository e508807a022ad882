/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - resolving names that a container controls, without leaving its root. */
#ifndef KEG_OS_PATH_H
#define KEG_OS_PATH_H

#include "base/err.h"

/*
 * Open `path` as a process chrooted to `rootfd` would see it: "..", absolute
 * and relative symlinks all stay below the root, magic links are refused.
 * `flags` are open(2) flags; O_CLOEXEC is always added.
 * Returns a new descriptor that the caller owns.
 */
int path_open_in_root(int rootfd, const char *path, int flags, struct keg_err *err) KEG_MUST_CHECK;

#endif
