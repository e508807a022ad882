/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.h - snprintf() for what every command says: texts and whole numbers.
 *
 * libc's own brings wide characters, locales and floating point with it: 250 KiB of a runtime's
 * two megabytes, and what a process between fork and exec had better not touch. A format that asks
 * for more than texts and whole numbers is handed to libc as it stands.
 */
#ifndef KEG_BASE_FORMAT_H
#define KEG_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#include "base/auto.h"

/* As snprintf() and vsnprintf(): what the whole has as length, cut to `room` with its NUL. */
int keg_format(char *out, size_t room, const char *fmt, ...) KEG_PRINTF(3, 4);
int keg_vformat(char *out, size_t room, const char *fmt, va_list ap) KEG_PRINTF(3, 0);

#endif
