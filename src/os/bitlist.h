/* SPDX-License-Identifier: Apache-2.0 */
/* bitlist.h - sets of processors or memory nodes, as cpusets write them: "0-3,7". */
#ifndef KEG_OS_BITLIST_H
#define KEG_OS_BITLIST_H

#include <limits.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { BITLIST_BITS = 8192, BITLIST_WORD_BITS = CHAR_BIT * sizeof(unsigned long) };

struct bitlist {
	unsigned long words[BITLIST_BITS / BITLIST_WORD_BITS]; /* as the kernel takes them */
};

/* "" is the empty set; anything malformed or above BITLIST_BITS is KEG_EUSAGE. */
int bitlist_parse(const char *text, struct bitlist *out, struct keg_err *err) KEG_MUST_CHECK;

size_t bitlist_count(const struct bitlist *list);

/* As a number in hexadecimal, appended: "0x3". */
void bitlist_format_mask(const struct bitlist *list, struct keg_buf *out);

#endif
