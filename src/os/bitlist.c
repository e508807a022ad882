/* SPDX-License-Identifier: Apache-2.0 */
#include "os/bitlist.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

/* A number at *at, which moves behind it; false when there is none in range. */
static bool take_number(const char **at, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*out = strtoul(*at, &end, 10);
	*at = end;
	return *out < BITLIST_BITS;
}

/* "3" or "0-3". */
static bool take_range(const char **at, struct bitlist *out)
{
	unsigned long low, high;

	if (!take_number(at, &low))
		return false;
	high = low;
	if (**at == '-') {
		++*at;
		if (!take_number(at, &high))
			return false;
	}
	for (unsigned long i = low; i <= high; i++)
		out->words[i / BITLIST_WORD_BITS] |= 1UL << i % BITLIST_WORD_BITS;
	return low <= high;
}

int bitlist_parse(const char *text, struct bitlist *out, struct keg_err *err)
{
	const char *at = text;

	*out = (struct bitlist){ 0 };
	while (*at) {
		if (!take_range(&at, out) || (*at && *at != ',') || (*at && !at[1]))
			return keg_fail(err, KEG_EUSAGE,
					"\"%s\" is not a list of numbers below %d such as 0-3,7",
					text, BITLIST_BITS);
		at += *at == ',';
	}
	return 0;
}

size_t bitlist_count(const struct bitlist *list)
{
	size_t n = 0;

	for (size_t i = 0; i < KEG_COUNT(list->words); i++)
		n += (size_t)__builtin_popcountl(list->words[i]);
	return n;
}

void bitlist_format_mask(const struct bitlist *list, struct keg_buf *out)
{
	size_t last = KEG_COUNT(list->words) - 1;

	while (last > 0 && list->words[last] == 0)
		last--;
	keg_buf_printf(out, "0x%lx", list->words[last]);
	while (last-- > 0)
		keg_buf_printf(out, "%0*lx", BITLIST_WORD_BITS / 4, list->words[last]);
}
