/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, numbers, truth values and dates of TOML. */
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/toml_scan.h"

int toml_bad(struct toml *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = keg_vprintf(fmt, ap);
	va_end(ap);
	return keg_fail(t->err, KEG_ECORRUPT, "line %d: %s", t->line, text);
}

bool toml_starts(const struct toml *t, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(t->end - t->at) >= len && memcmp(t->at, text, len) == 0;
}

static void put_utf8(struct keg_buf *out, uint32_t c)
{
	if (c < 0x80) {
		keg_buf_putc(out, (char)c);
	} else if (c < 0x800) {
		keg_buf_putc(out, (char)(0xc0 | c >> 6));
		keg_buf_putc(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		keg_buf_putc(out, (char)(0xe0 | c >> 12));
		keg_buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
		keg_buf_putc(out, (char)(0x80 | (c & 63)));
	} else {
		keg_buf_putc(out, (char)(0xf0 | c >> 18));
		keg_buf_putc(out, (char)(0x80 | (c >> 12 & 63)));
		keg_buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
		keg_buf_putc(out, (char)(0x80 | (c & 63)));
	}
}

static int unicode_read(struct toml *t, int digits, struct keg_buf *out)
{
	uint32_t c = 0;

	for (int i = 0; i < digits; i++, t->at++) {
		char d = toml_peek(t);

		if (!isxdigit((unsigned char)d))
			return toml_bad(t, "malformed \\u escape");
		c = c << 4 | (uint32_t)(isdigit((unsigned char)d) ? d - '0' : (d | 32) - 'a' + 10);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return toml_bad(t, "\\u escape names no character");
	put_utf8(out, c);
	return 0;
}

static int escape_read(struct toml *t, bool many, struct keg_buf *out)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	char c = toml_peek(t);
	const char *known = c ? strchr(from, c) : NULL;

	t->at++;
	if (known) {
		keg_buf_putc(out, to[known - from]);
		return 0;
	}
	if (c == 'u' || c == 'U')
		return unicode_read(t, c == 'u' ? 4 : 8, out);
	if (many && (c == '\n' || c == ' ' || c == '\t' || c == '\r')) {
		/* A backslash at the end of a line joins it to the next text. */
		bool newline = false;

		for (t->at--; toml_peek(t) && strchr(" \t\r\n", toml_peek(t)); t->at++) {
			newline |= toml_peek(t) == '\n';
			t->line += toml_peek(t) == '\n';
		}
		return newline ? 0 : toml_bad(t, "unknown escape");
	}
	return toml_bad(t, "unknown escape");
}

int toml_string_read(struct toml *t, struct keg_buf *out)
{
	char quote = toml_peek(t);
	const char triple[] = { quote, quote, quote, '\0' };
	bool many = toml_starts(t, triple);

	t->at += many ? 3 : 1;
	if (many && toml_starts(t, "\r\n"))
		t->at++;
	if (many && toml_peek(t) == '\n') {
		t->at++;
		t->line++;
	}
	while (t->at < t->end) {
		unsigned char c = (unsigned char)*t->at;

		if (many ? toml_starts(t, triple) : c == (unsigned char)quote) {
			t->at += many ? 3 : 1;
			/* Up to two quotes may stand right before the closing three. */
			for (int i = 0; many && i < 2 && toml_peek(t) == quote; i++, t->at++)
				keg_buf_putc(out, quote);
			return 0;
		}
		t->at++;
		if (c == '\\' && quote == '"') {
			if (escape_read(t, many, out) < 0)
				return -KEG_ECORRUPT;
			continue;
		}
		if (c == '\n' && many)
			t->line++;
		else if ((c < ' ' && c != '\t' && !(many && c == '\r')) || c == 0x7f)
			return toml_bad(t, "control character in a string");
		keg_buf_putc(out, (char)c);
	}
	return toml_bad(t, "string does not end");
}

static int prefixed_read(struct toml *t, const char *text, struct json_object **out)
{
	unsigned base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
	uint64_t value = 0;
	bool digit = false;

	for (const char *at = text + 2; *at; at++) {
		if (*at == '_' && digit && at[1]) {
			digit = false;
			continue;
		}
		unsigned d = isdigit((unsigned char)*at)    ? (unsigned)(*at - '0')
			     : isxdigit((unsigned char)*at) ? (unsigned)((*at | 32) - 'a' + 10)
							    : base;
		if (d >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, d, &value) || value > INT64_MAX)
			return toml_bad(t, "\"%s\" is not a number", text);
		digit = true;
	}
	if (!digit)
		return toml_bad(t, "\"%s\" is not a number", text);
	*out = json_object_new_int64((int64_t)value);
	return 0;
}

/* Is it digits with single underscores between them? Copies the digits only. */
static bool digits_copy(const char **at, struct keg_buf *out)
{
	const char *p = *at;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p) || (*p == '_' && isdigit((unsigned char)p[1])); p++) {
		if (*p != '_')
			keg_buf_putc(out, *p);
	}
	*at = p;
	return true;
}

static int decimal_read(struct toml *t, const char *text, struct json_object **out)
{
	auto(keg_buf) plain = { 0 };
	const char *at = text;
	bool is_float = false;

	if (*at == '-' || *at == '+')
		keg_buf_putc(&plain, *at++);
	const char *whole = at;
	if (strcmp(at, "inf") == 0 || strcmp(at, "nan") == 0) {
		double value = *at == 'i' ? (double)INFINITY : (double)NAN;

		*out = json_object_new_double(*text == '-' ? -value : value);
		return 0;
	}
	if (!digits_copy(&at, &plain) || (whole[0] == '0' && at - whole > 1))
		return toml_bad(t, "\"%s\" is not a value", text);
	if (*at == '.') {
		is_float = true;
		keg_buf_putc(&plain, *at++);
		if (!digits_copy(&at, &plain))
			return toml_bad(t, "\"%s\" is not a number", text);
	}
	if (*at == 'e' || *at == 'E') {
		is_float = true;
		keg_buf_putc(&plain, *at++);
		if (*at == '-' || *at == '+')
			keg_buf_putc(&plain, *at++);
		if (!digits_copy(&at, &plain))
			return toml_bad(t, "\"%s\" is not a number", text);
	}
	if (*at)
		return toml_bad(t, "\"%s\" is not a number", text);
	errno = 0;
	if (is_float) {
		*out = json_object_new_double(strtod(keg_buf_text(&plain), NULL));
		return 0;
	}
	int64_t value = strtoll(keg_buf_text(&plain), NULL, 10);
	if (errno)
		return toml_bad(t, "\"%s\" is out of range", text);
	*out = json_object_new_int64(value);
	return 0;
}

/* 1979-05-27, 07:32:00, 1979-05-27T07:32:00Z and 1979-05-27 07:32:00+01:00 */
static bool is_date(const char *text)
{
	size_t len = strlen(text);

	return (len >= 10 && text[4] == '-' && text[7] == '-') ||
	       (len >= 8 && text[2] == ':' && text[5] == ':');
}

int toml_word_read(struct toml *t, struct json_object **out)
{
	auto(keg_buf) word = { 0 };

	while (t->at < t->end && (isalnum((unsigned char)*t->at) || strchr("+-._:", *t->at)) &&
	       *t->at)
		keg_buf_putc(&word, *t->at++);
	/* A date and its time may be parted by a space. */
	if (word.len == 10 && is_date(keg_buf_text(&word)) && toml_peek(t) == ' ' &&
	    t->at + 1 < t->end && isdigit((unsigned char)t->at[1])) {
		keg_buf_putc(&word, *t->at++);
		while (t->at < t->end && *t->at &&
		       (isalnum((unsigned char)*t->at) || strchr("+-.:", *t->at)))
			keg_buf_putc(&word, *t->at++);
	}

	const char *text = keg_buf_text(&word);
	if (!*text)
		return toml_bad(t, "expected a value");
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		*out = json_object_new_boolean(text[0] == 't');
		return 0;
	}
	if (isdigit((unsigned char)text[0]) && is_date(text)) {
		*out = json_object_new_string(text);
		return 0;
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o' || text[1] == 'b'))
		return prefixed_read(t, text, out);
	return decimal_read(t, text, out);
}
