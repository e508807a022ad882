/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/mem.h"

/* Reads digits of `base` from *text on; false when there is none or they overflow. */
static bool read_digits(const char **text, unsigned base, uint64_t *out)
{
	const char *at = *text;
	uint64_t value = 0;

	for (; *at >= '0' && *at < (char)('0' + base); at++) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	*out = value;
	return true;
}

static int not_a(struct keg_err *err, const char *what, const char *text)
{
	return keg_fail(err, KEG_EUSAGE, "\"%s\" is not %s", text, what);
}

int keg_parse_u64(const char *text, uint64_t *out, struct keg_err *err)
{
	const char *at = text;
	uint64_t value;

	if (!read_digits(&at, 10, &value) || *at)
		return not_a(err, "a number", text);
	*out = value;
	return 0;
}

int keg_parse_u32(const char *text, uint32_t *out, struct keg_err *err)
{
	const char *at = text;
	uint64_t value;

	if (!read_digits(&at, 10, &value) || *at || value > UINT32_MAX)
		return not_a(err, "a number below 2^32", text);
	*out = (uint32_t)value;
	return 0;
}

int keg_parse_i64(const char *text, int64_t *out, struct keg_err *err)
{
	bool negative = text[0] == '-';
	const char *at = text + negative;
	uint64_t value, most = (uint64_t)INT64_MAX + negative;

	if (!read_digits(&at, 10, &value) || *at || value > most)
		return not_a(err, "a number", text);
	*out = negative ? (int64_t)-value : (int64_t)value;
	return 0;
}

int keg_parse_int(const char *text, int *out, struct keg_err *err)
{
	int64_t value;

	if (keg_parse_i64(text, &value, err) < 0 || value < INT_MIN || value > INT_MAX)
		return not_a(err, "a number", text);
	*out = (int)value;
	return 0;
}

int keg_parse_mode(const char *text, unsigned *out, struct keg_err *err)
{
	enum { MOST = 07777 };
	const char *at = text;
	uint64_t value;

	if (at[0] == '0' && at[1] == 'o')
		at += 2;
	if (!read_digits(&at, 8, &value) || *at || value > MOST)
		return not_a(err, "an octal mode", text);
	*out = (unsigned)value;
	return 0;
}

int keg_parse_micro(const char *text, uint64_t *out, struct keg_err *err)
{
	enum { MILLION = 1000000 };
	const char *at = text;
	uint64_t whole = 0, part = 0, scale = MILLION;

	if (*at != '.' && !read_digits(&at, 10, &whole))
		return not_a(err, "a number", text);
	if (*at == '.') {
		const char *dot = at++;

		for (; isdigit((unsigned char)*at); at++) {
			scale /= 10;
			part += (uint64_t)(*at - '0') * scale;
		}
		if (at == dot + 1)
			return not_a(err, "a number", text);
	}
	if (*at || __builtin_mul_overflow(whole, MILLION, &whole) ||
	    __builtin_add_overflow(whole, part, out))
		return not_a(err, "a number", text);
	return 0;
}

int keg_parse_bytes(const char *text, uint64_t *out, struct keg_err *err)
{
	static const char units[] = "bkmgtp";
	size_t len = strcspn(text, "bBkKmMgGtTpPiI ");
	autofree char *number = keg_strndup(text, len);
	const char *unit = text + len + strspn(text + len, " ");
	uint64_t micro, factor = 1;

	if (keg_parse_micro(number, &micro, err) < 0)
		return not_a(err, "a size", text);
	if (*unit) {
		const char *known = strchr(units, tolower((unsigned char)*unit));

		if (!known)
			return not_a(err, "a size", text);
		factor = (uint64_t)1 << (10 * (known - units));
		unit++;
		if (factor > 1 && *unit && strcasecmp(unit, "b") != 0 &&
		    strcasecmp(unit, "ib") != 0)
			return not_a(err, "a size", text);
		if (factor == 1 && *unit)
			return not_a(err, "a size", text);
	}

	unsigned __int128 bytes = (unsigned __int128)micro * factor / 1000000;
	if (bytes > INT64_MAX)
		return not_a(err, "a size below 2^63", text);
	*out = (uint64_t)bytes;
	return 0;
}

char *keg_format_bytes_to(uint64_t bytes, int digits)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double size = (double)bytes;
	size_t unit = 0;

	while (size >= 1000 && unit + 1 < KEG_COUNT(units)) {
		size /= 1000;
		unit++;
	}
	return keg_printf("%.*g %s", digits, size, units[unit]);
}

char *keg_format_bytes(uint64_t bytes)
{
	enum { DIGITS = 4 };

	return keg_format_bytes_to(bytes, DIGITS);
}

void keg_random(void *out, size_t n)
{
	unsigned char *at = out;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			keg_bug("getrandom failed");
		at += got;
		n -= (size_t)got;
	}
}

void keg_hex(char *out, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[at[i] >> 4];
		out[2 * i + 1] = digits[at[i] & 15];
	}
	out[2 * n] = '\0';
}

void keg_random_id(char out[KEG_ID_LEN + 1])
{
	unsigned char bytes[KEG_ID_LEN / 2];

	keg_random(bytes, sizeof bytes);
	keg_hex(out, bytes, sizeof bytes);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int keg_unhex(void *out, size_t n, const char *text, struct keg_err *err)
{
	unsigned char *at = out;

	if (strlen(text) != 2 * n)
		return not_a(err, "hex of the right length", text);
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return not_a(err, "hex", text);
		at[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *keg_base64(const void *bytes, size_t n)
{
	const unsigned char *in = bytes;
	char *out = keg_alloc((n + 2) / 3 * 4 + 1, 1);
	char *at = out;

	for (size_t i = 0; i < n; i += 3) {
		unsigned left = (unsigned)(n - i);
		unsigned three = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
				 (left > 2 ? in[i + 2] : 0U);

		*at++ = base64_digits[three >> 18];
		*at++ = base64_digits[three >> 12 & 63];
		*at++ = left > 1 ? base64_digits[three >> 6 & 63] : '=';
		*at++ = left > 2 ? base64_digits[three & 63] : '=';
	}
	return out;
}

int keg_unbase64(const char *text, void **out, size_t *n, struct keg_err *err)
{
	size_t len = strlen(text);
	size_t pads = len && text[len - 1] == '=' ? 1U + (len > 1 && text[len - 2] == '=') : 0;

	if (len % 4)
		return keg_fail(err, KEG_EUSAGE, "malformed base64");

	autofree unsigned char *bytes = keg_alloc(len / 4 * 3 + 1, 1);
	size_t used = 0;
	for (size_t i = 0; i < len; i += 4) {
		unsigned four = 0;

		for (size_t k = 0; k < 4; k++) {
			char c = text[i + k];
			const char *digit = c ? strchr(base64_digits, c) : NULL;
			bool pad = i + k >= len - pads;

			if (!digit && !pad)
				return keg_fail(err, KEG_EUSAGE, "malformed base64");
			four = four << 6 | (pad ? 0 : (unsigned)(digit - base64_digits));
		}
		bytes[used++] = (unsigned char)(four >> 16);
		bytes[used++] = (unsigned char)(four >> 8);
		bytes[used++] = (unsigned char)four;
	}
	*n = used - pads;
	*out = take_ptr(&bytes);
	return 0;
}

char *keg_format_bytes_tight(uint64_t bytes)
{
	char *text = keg_format_bytes(bytes);
	char *space = strchr(text, ' ');

	if (space)
		memmove(space, space + 1, strlen(space));
	return text;
}
