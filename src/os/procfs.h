/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs.h - writing to /proc, and to nothing that only looks like it.
 *
 * A file system or a single file mounted over a part of /proc would swallow a label, a limit or a
 * sysctl, or turn it into a write elsewhere (CVE-2019-16884, CVE-2025-52881). So what is written is
 * found below a descriptor of procfs' own root, over no mount point and through no magic link.
 */
#ifndef KEG_OS_PROCFS_H
#define KEG_OS_PROCFS_H

#include <stdbool.h>

#include "base/err.h"

/* Is this descriptor on a procfs? */
bool procfs_is(int fd);

/* The root of /proc as a descriptor; KEG_EDENIED when that is not a procfs. */
int procfs_open(struct keg_err *err) KEG_MUST_CHECK;

/* A file of it: "self/oom_score_adj". */
int procfs_open_at(int procfs, const char *path, int flags, struct keg_err *err) KEG_MUST_CHECK;

/* Write `text` at once, as many of its files want it. `procfs` -1: /proc, opened for this. */
int procfs_write(int procfs, const char *path, const char *text,
		 struct keg_err *err) KEG_MUST_CHECK;

#endif
