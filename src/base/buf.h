/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - bytes that grow. Start from {0}; `data` is NUL-terminated from the first
 * call on (keg_buf_text() also before it). Out of memory ends the program.
 */
#ifndef KEG_BASE_BUF_H
#define KEG_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/auto.h"

struct keg_buf {
	char *data;
	size_t len;  /* without the NUL */
	size_t room; /* allocated */
};

void keg_buf_add(struct keg_buf *buf, const void *bytes, size_t len);
void keg_buf_puts(struct keg_buf *buf, const char *text);
void keg_buf_putc(struct keg_buf *buf, char c);
void keg_buf_printf(struct keg_buf *buf, const char *fmt, ...) KEG_PRINTF(2, 3);
void keg_buf_vprintf(struct keg_buf *buf, const char *fmt, va_list ap) KEG_PRINTF(2, 0);

/* Room for `more` bytes after len, to be written by the caller, who then adds to len. */
char *keg_buf_reserve(struct keg_buf *buf, size_t more);

/* Cut to `len` bytes; longer than it is: a bug. */
void keg_buf_cut(struct keg_buf *buf, size_t len);

/* The text, never NULL; valid until the next change. */
const char *keg_buf_text(const struct keg_buf *buf);

/* Hand the memory to the caller, never NULL; *buf is {0} again. */
char *keg_buf_take(struct keg_buf *buf);

void keg_buf_done(struct keg_buf *buf);
KEG_AUTO(keg_buf, keg_buf_done)

#endif
