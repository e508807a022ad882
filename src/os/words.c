/* SPDX-License-Identifier: Apache-2.0 */
#include "os/words.h"

#include <string.h>

int words_find(const struct words_entry *words, size_t n, const char *what, const char *name,
	       unsigned *out, struct keg_err *err)
{
	if (!name)
		name = "";
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i].name, name) == 0) {
			*out = words[i].value;
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE, "%s \"%s\"", what, name);
}

int words_join(const struct words_entry *words, size_t n, const char *what,
	       const char *const *names, size_t n_names, unsigned *out, struct keg_err *err)
{
	unsigned all = 0;

	for (size_t i = 0; i < n_names; i++) {
		unsigned bit = 0;
		int r = words_find(words, n, what, names[i], &bit, err);

		if (r < 0)
			return r;
		all |= bit;
	}
	*out = all;
	return 0;
}
