/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - resolving names that a container controls, without leaving its root. */
#ifndef KEG_OS_PATH_H
#define KEG_OS_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Open `path` as a process chrooted to `rootfd` would see it: "..", absolute
 * and relative symlinks all stay below the root, magic links are refused.
 * `flags` are open(2) flags; O_CLOEXEC is always added.
 * Returns a new descriptor that the caller owns.
 */
int path_open_in_root(int rootfd, const char *path, int flags, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same as an O_PATH descriptor, made where missing: the folders above with mode 0755, the
 * last component as a folder or as an empty file. Links on the way are followed in the root; of
 * a link that leads nowhere what it names is made.
 */
int path_make_folder(int rootfd, const char *path, mode_t mode, struct keg_err *err) KEG_MUST_CHECK;
int path_make_file(int rootfd, const char *path, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The folder that holds the last component of `path`, made where missing, as an O_PATH
 * descriptor; *last points to that component within `path`.
 */
int path_make_parent(int rootfd, const char *path, const char **last,
		     struct keg_err *err) KEG_MUST_CHECK;

/* Room for the name of a descriptor under /proc, and that name. */
enum { PATH_FD_MAX = 32 };
const char *path_of_fd(int fd, char out[PATH_FD_MAX]);

#endif
