/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's <string.h>, and what glibc says of errors and signals by name. musl's
 * strerror() and strsignal() give constant texts, as these must. See sys/mount.h here.
 */
#ifndef KEG_MUSL_STRING_H
#define KEG_MUSL_STRING_H

#include_next <string.h>

/* "EPERM"; NULL when there is no such error. */
const char *keg_errno_name(int number);

#define strerrorname_np keg_errno_name
#define strerrordesc_np strerror
#define sigdescr_np strsignal

#endif
