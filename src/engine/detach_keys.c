/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/detach_keys.h"

#include <string.h>

#include "base/strv.h"

/* "x" or "ctrl-x"; -1 when it is neither. */
static int parse_key(const char *word)
{
	const char *ctrl = keg_str_after(word, "ctrl-");

	if (!ctrl)
		return strlen(word) == 1 ? (unsigned char)word[0] : -1;
	if (strlen(ctrl) != 1)
		return -1;
	if (*ctrl >= 'a' && *ctrl <= 'z')
		return *ctrl - 'a' + 1;
	if (*ctrl >= '@' && *ctrl <= '_' && !(*ctrl >= 'A' && *ctrl <= 'Z'))
		return *ctrl - '@';
	return -1;
}

int detach_keys_parse(const char *text, struct detach_keys *out, struct keg_err *err)
{
	auto(keg_strv) words = { 0 };

	*out = (struct detach_keys){ 0 };
	keg_strv_split(&words, text, ',');
	for (size_t i = 0; i < words.n; i++) {
		int key = parse_key(words.v[i]);

		if (key < 0 || out->n == DETACH_KEYS_MAX)
			return keg_fail(err, KEG_EUSAGE,
					"invalid detach keys \"%s\": a list of single characters "
					"and ctrl-<letter>",
					text);
		out->keys[out->n++] = (unsigned char)key;
	}
	return 0;
}

bool detach_keys_filter(struct detach_keys *k, const unsigned char *typed, size_t n,
			unsigned char *out, size_t *n_out)
{
	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		if (k->n && typed[i] == k->keys[k->seen]) {
			if (++k->seen == k->n)
				return true;
			continue;
		}
		/* It was none: what was held back goes out, and this byte may begin a new one. */
		memcpy(out + *n_out, k->keys, k->seen);
		*n_out += k->seen;
		k->seen = 0;
		if (k->n && typed[i] == k->keys[0] && k->n > 1)
			k->seen = 1;
		else
			out[(*n_out)++] = typed[i];
	}
	return false;
}
