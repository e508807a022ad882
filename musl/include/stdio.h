/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's <stdio.h>, and renameat2(2). See sys/mount.h here. */
#ifndef KEG_MUSL_STDIO_H
#define KEG_MUSL_STDIO_H

#include_next <stdio.h>

#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int keg_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to,
				unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
}
#define renameat2 keg_renameat2

#endif
