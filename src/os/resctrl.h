/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resctrl.h - groups of processes that share caches and memory bandwidth (resctrl in the kernel's
 * documentation, Intel's RDT). A group is a folder of the resctrl file system; the kernel fills a
 * new one with files. All functions take the root of that file system as a descriptor.
 */
#ifndef KEG_OS_RESCTRL_H
#define KEG_OS_RESCTRL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Where it is mounted, wherever that is; KEG_EUNSUPPORTED when it is not. */
int resctrl_open(struct keg_err *err) KEG_MUST_CHECK;

/* Can "L3" or "MB" be divided, or "L3_MON" be counted here? */
bool resctrl_has(int root, const char *resource);

/* A name for a group: "/" is the root's own, to which all processes belong at first. */
bool resctrl_is_group(const char *name);

/*
 * Make a group; true: it was not there. With `monitor` also the group of that name within it,
 * which only counts.
 */
int resctrl_make(int root, const char *group, bool *made, struct keg_err *err) KEG_MUST_CHECK;
int resctrl_make_monitor(int root, const char *group, const char *monitor,
			 struct keg_err *err) KEG_MUST_CHECK;
/* The folder of a group, or (not NULL) of what counts within it; the caller frees. */
char *resctrl_folder(const char *group, const char *monitor);
bool resctrl_exists(int root, const char *group);

/* Divide: lines as "L3:0=ff;1=c0", each ended. The kernel's own reason is in the message. */
int resctrl_divide(int root, const char *group, const char *lines,
		   struct keg_err *err) KEG_MUST_CHECK;

/* Put a process into a group, and into the one that counts if `monitor` is not NULL. */
int resctrl_add(int root, const char *group, const char *monitor, pid_t pid,
		struct keg_err *err) KEG_MUST_CHECK;

/* Remove a group, or (not NULL) what counts within it; what is gone is fine. */
int resctrl_remove(int root, const char *group, const char *monitor,
		   struct keg_err *err) KEG_MUST_CHECK;

/* A file of a group or of "info", without its last line's end; "" when it is not there. */
const char *resctrl_read(int root, const char *folder, const char *file, struct keg_buf *text);

#endif
