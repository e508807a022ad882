/* SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What one conversion asks for: %[0 width][.precision][length]kind. */
struct conversion {
	size_t zeros;	  /* numbers are filled up with 0 to that many digits */
	bool is_cut;	  /* texts are cut... */
	bool is_cut_by;	  /* ...to a length that is an argument */
	size_t precision; /* ...to this one */
	char length;	  /* 'l', 'L' for ll, 'z', 'j', or 0 for int */
	char kind;
};

struct output {
	char *at;
	size_t room, len;
};

static void add(struct output *out, const char *text, size_t len)
{
	if (out->len < out->room) {
		const size_t free = out->room - out->len;

		memcpy(out->at + out->len, text, len < free ? len : free);
	}
	out->len += len;
}

static size_t read_number(const char **at)
{
	size_t value = 0;

	for (; **at >= '0' && **at <= '9' && value < INT_MAX / 10; (*at)++)
		value = value * 10 + (size_t)(**at - '0');
	return value;
}

static void read_precision(const char **at, struct conversion *c)
{
	if (**at != '.')
		return;
	(*at)++;
	c->is_cut = true;
	c->is_cut_by = **at == '*';
	if (c->is_cut_by)
		(*at)++;
	else
		c->precision = read_number(at);
}

static void read_length(const char **at, struct conversion *c)
{
	if (!**at || !strchr("lzj", **at))
		return;
	c->length = *(*at)++;
	if (c->length == 'l' && **at == 'l') {
		c->length = 'L';
		(*at)++;
	}
}

/* `*at` is behind the '%', and afterwards behind the conversion; false: that is for libc. */
static bool read_conversion(const char **at, struct conversion *out)
{
	*out = (struct conversion){ 0 };
	if (**at == '0')
		out->zeros = read_number(at);
	read_precision(at, out);
	read_length(at, out);
	out->kind = *(*at)++;
	switch (out->kind) {
	case '%':
	case 'c':
		return !out->zeros && !out->is_cut && !out->length;
	case 's':
		return !out->zeros && !out->length;
	case 'd':
	case 'u':
	case 'x':
	case 'o':
		return !out->is_cut;
	default:
		return false;
	}
}

static bool is_simple(const char *fmt)
{
	struct conversion ignored;

	while ((fmt = strchr(fmt, '%'))) {
		fmt++;
		if (!read_conversion(&fmt, &ignored))
			return false;
	}
	return true;
}

static void add_number(struct output *out, const struct conversion *c, bool negative,
		       uint64_t value)
{
	const unsigned base = c->kind == 'x' ? 16 : c->kind == 'o' ? 8 : 10;
	char digits[22]; /* 2^64 in octal */
	size_t n = 0, zeros = c->zeros;

	do {
		digits[sizeof digits - ++n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		add(out, "-", 1);
	for (zeros = zeros > (size_t)negative ? zeros - negative : 0; zeros > n; zeros--)
		add(out, "0", 1);
	add(out, digits + sizeof digits - n, n);
}

static_assert(sizeof(size_t) == sizeof(long) && sizeof(intmax_t) == sizeof(long long),
	      "two of the lengths are other words for others");

static int64_t take_signed(char length, va_list *ap)
{
	if (length == 'L' || length == 'j')
		return va_arg(*ap, long long);
	if (length == 'l' || length == 'z')
		return va_arg(*ap, long);
	return va_arg(*ap, int);
}

static uint64_t take_unsigned(char length, va_list *ap)
{
	if (length == 'L' || length == 'j')
		return va_arg(*ap, unsigned long long);
	if (length == 'l' || length == 'z')
		return va_arg(*ap, unsigned long);
	return va_arg(*ap, unsigned);
}

static void add_text(struct output *out, const struct conversion *c, va_list *ap)
{
	const int given = c->is_cut_by ? va_arg(*ap, int) : -1;
	const bool is_cut = c->is_cut_by ? given >= 0 : c->is_cut;
	const char *text = va_arg(*ap, const char *);

	if (!text)
		text = "(null)";
	add(out, text,
	    is_cut ? strnlen(text, c->is_cut_by ? (size_t)given : c->precision) : strlen(text));
}

static void convert(struct output *out, const struct conversion *c, va_list *ap)
{
	switch (c->kind) {
	case '%':
		add(out, "%", 1);
		break;
	case 'c':
		add(out, &(char){ (char)va_arg(*ap, int) }, 1);
		break;
	case 's':
		add_text(out, c, ap);
		break;
	case 'd': {
		const int64_t value = take_signed(c->length, ap);

		add_number(out, c, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
		break;
	}
	default:
		add_number(out, c, false, take_unsigned(c->length, ap));
		break;
	}
}

static int format_simple(char *to, size_t room, const char *fmt, va_list *ap)
{
	struct output out = { .at = to, .room = room ? room - 1 : 0 };
	struct conversion c;

	while (*fmt) {
		const char *percent = strchrnul(fmt, '%');

		add(&out, fmt, (size_t)(percent - fmt));
		fmt = percent;
		if (!*fmt)
			break;
		fmt++;
		(void)read_conversion(&fmt, &c);
		convert(&out, &c, ap);
	}
	if (room)
		to[out.len < out.room ? out.len : out.room] = '\0';
	return out.len > INT_MAX ? -1 : (int)out.len;
}

int keg_vformat(char *out, size_t room, const char *fmt, va_list ap)
{
	va_list own;

	if (!is_simple(fmt))
		return vsnprintf(out, room, fmt, ap);
	va_copy(own, ap);
	int len = format_simple(out, room, fmt, &own);
	va_end(own);
	return len;
}

int keg_format(char *out, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int len = keg_vformat(out, room, fmt, ap);
	va_end(ap);
	return len;
}
