/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's <sys/stat.h>, and statx(2), which musl has from 1.2.5 on. See sys/mount.h here.
 */
#ifndef KEG_MUSL_SYS_STAT_H
#define KEG_MUSL_SYS_STAT_H

#include_next <sys/stat.h>

#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int keg_statx(int dirfd, const char *path, int flags, unsigned mask,
			    struct statx *out)
{
	return (int)syscall(SYS_statx, dirfd, path, flags, mask, out);
}
#define statx(...) keg_statx(__VA_ARGS__)

#endif
