/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/mem.h"

enum { FIRST_ROOM = 64 };

char *keg_buf_reserve(struct keg_buf *buf, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(buf->len, more, &need) || __builtin_add_overflow(need, 1, &need))
		keg_out_of_memory();
	if (need > buf->room) {
		size_t room = buf->room ? buf->room : FIRST_ROOM;

		while (room < need && !__builtin_mul_overflow(room, 2, &room))
			;
		if (room < need)
			room = need;
		buf->data = keg_realloc(buf->data, room, 1);
		buf->room = room;
		buf->data[buf->len] = '\0';
	}
	return buf->data + buf->len;
}

void keg_buf_add(struct keg_buf *buf, const void *bytes, size_t len)
{
	char *at = keg_buf_reserve(buf, len);

	if (len)
		memcpy(at, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void keg_buf_puts(struct keg_buf *buf, const char *text)
{
	keg_buf_add(buf, text, strlen(text));
}

void keg_buf_putc(struct keg_buf *buf, char c)
{
	keg_buf_add(buf, &c, 1);
}

void keg_buf_vprintf(struct keg_buf *buf, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int need = keg_vformat(NULL, 0, fmt, again);
	va_end(again);
	if (need < 0)
		keg_bug("a format that cannot be printed");

	char *at = keg_buf_reserve(buf, (size_t)need);
	keg_vformat(at, (size_t)need + 1, fmt, ap);
	buf->len += (size_t)need;
}

void keg_buf_printf(struct keg_buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keg_buf_vprintf(buf, fmt, ap);
	va_end(ap);
}

void keg_buf_cut(struct keg_buf *buf, size_t len)
{
	if (len > buf->len)
		keg_bug("a buffer cut longer than it is");
	buf->len = len;
	if (buf->data)
		buf->data[len] = '\0';
}

const char *keg_buf_text(const struct keg_buf *buf)
{
	return buf->data ? buf->data : "";
}

char *keg_buf_take(struct keg_buf *buf)
{
	char *taken = keg_buf_reserve(buf, 0) - buf->len;

	*buf = (struct keg_buf){ 0 };
	return taken;
}

void keg_buf_done(struct keg_buf *buf)
{
	free(buf->data);
	*buf = (struct keg_buf){ 0 };
}
