/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's <unistd.h>, and close_range(2). See sys/mount.h here. */
#ifndef KEG_MUSL_UNISTD_H
#define KEG_MUSL_UNISTD_H

#include_next <unistd.h>

#include <sys/syscall.h>

static inline int keg_close_range(unsigned first, unsigned last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#define close_range keg_close_range

#endif
