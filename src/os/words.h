/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - names of the specification and the numbers that the kernel has for them. */
#ifndef KEG_OS_WORDS_H
#define KEG_OS_WORDS_H

#include <stddef.h>

#include "base/err.h"

struct words_entry {
	const char *name;
	unsigned value;
};

/* The number of a name, or KEG_EUSAGE "<what> \"NAME\"". NULL counts as "". */
int words_find(const struct words_entry *words, size_t n, const char *what, const char *name,
	       unsigned *out, struct keg_err *err) KEG_MUST_CHECK;
/* All of a list, joined with "or". */
int words_join(const struct words_entry *words, size_t n, const char *what,
	       const char *const *names, size_t n_names, unsigned *out,
	       struct keg_err *err) KEG_MUST_CHECK;

#endif
