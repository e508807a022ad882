/* SPDX-License-Identifier: Apache-2.0 */
/* tree_copy.h - copying and giving away whole trees, below descriptors, never through links. */
#ifndef KEG_OS_TREE_COPY_H
#define KEG_OS_TREE_COPY_H

#include <stdint.h>

#include "base/err.h"

/*
 * Copy what is in folder `from` into the existing folder `to`, with owners, modes, times,
 * extended attributes, hard links and special files; `to` itself gets the owner and mode of
 * `from`. Where the file system can, contents are shared until one of the two is written.
 */
int tree_copy(int from, int to, struct keg_err *err) KEG_MUST_CHECK;

/* Owner, mode, times and extended attributes of one file or folder, but for overlay's. */
int tree_copy_meta(int from, int to, struct keg_err *err) KEG_MUST_CHECK;

/* Give everything below and including `dir` to a user; links themselves, not their targets. */
int tree_chown(int dir, uint32_t uid, uint32_t gid, struct keg_err *err) KEG_MUST_CHECK;

#endif
