/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/tar_header.h"

#include <string.h>

enum tar_format tar_format_of(const struct tar_block *block)
{
	if (memcmp(block->magic, "ustar ", 6) == 0 && memcmp(block->version, " \0", 2) == 0)
		return TAR_GNU;
	if (memcmp(block->magic, "ustar\0", 6) != 0)
		return TAR_V7;
	return memcmp(block->star_trailer, "tar\0", 4) == 0 ? TAR_STAR : TAR_USTAR;
}

bool tar_block_is_zero(const void *block)
{
	const char *bytes = block;

	return bytes[0] == 0 && memcmp(bytes, bytes + 1, TAR_BLOCK - 1) == 0;
}

static void sums(const struct tar_block *block, unsigned *by_unsigned, int *by_signed)
{
	const unsigned char *bytes = (const unsigned char *)block;
	unsigned total = 0, high = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		total += bytes[i];
		high += bytes[i] >> 7;
	}
	for (size_t i = 0; i < sizeof block->checksum; i++) {
		unsigned char c = (unsigned char)block->checksum[i];

		total += ' ' - c;
		high -= c >> 7;
	}
	*by_unsigned = total;
	*by_signed = (int)total - 256 * (int)high;
}

unsigned tar_checksum(const struct tar_block *block)
{
	unsigned by_unsigned;
	int by_signed;

	sums(block, &by_unsigned, &by_signed);
	return by_unsigned;
}

bool tar_checksum_is_right(const struct tar_block *block)
{
	struct keg_err ignored;
	unsigned by_unsigned;
	int by_signed;
	int64_t told;

	if (tar_number(block->checksum, sizeof block->checksum, "checksum", &told, &ignored) < 0)
		return false;
	sums(block, &by_unsigned, &by_signed);
	return told == by_unsigned || told == by_signed;
}

/* Two's complement, most significant first; the first bit only marks the form. */
static bool base256(const unsigned char *field, size_t len, int64_t *out)
{
	bool negative = field[0] & 0x40;
	uint64_t value = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = field[i];

		if (i == 0)
			c = negative ? c | 0x80 : c & 0x7f;
		if (value >> 56 != (negative ? 0xff : 0))
			return false;
		value = value << 8 | c;
	}
	*out = (int64_t)value;
	return (*out < 0) == negative;
}

static bool octal(const char *field, size_t len, int64_t *out)
{
	uint64_t value = 0;

	while (len > 0 && (*field == ' ' || *field == '\0'))
		field++, len--;
	while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\0'))
		len--;
	for (; len > 0; field++, len--) {
		if (*field < '0' || *field > '7')
			return false;
		value = value << 3 | (uint64_t)(*field - '0');
	}
	*out = (int64_t)value; /* at most 12 digits: it fits */
	return true;
}

int tar_number(const char *field, size_t len, const char *name, int64_t *out, struct keg_err *err)
{
	bool good = (unsigned char)field[0] & 0x80 ? base256((const unsigned char *)field, len, out)
						   : octal(field, len, out);

	return good ? 0 : keg_fail(err, KEG_ECORRUPT, "malformed %s in the header", name);
}

int tar_natural(const char *field, size_t len, const char *name, uint64_t most, uint64_t *out,
		struct keg_err *err)
{
	int64_t value;
	int r = tar_number(field, len, name, &value, err);

	if (r < 0)
		return r;
	if (value < 0 || (uint64_t)value > most)
		return keg_fail(err, KEG_ECORRUPT, "%s %lld is out of range", name,
				(long long)value);
	*out = (uint64_t)value;
	return 0;
}
