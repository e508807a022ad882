/* SPDX-License-Identifier: Apache-2.0 */
#include "os/idmap_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

/* The next word of *at that ends before one of `ends`, or NULL. */
static char *next_word(char **at, const char *ends)
{
	if (!*at)
		return NULL;
	*at += strspn(*at, " \t");
	return strsep(at, ends);
}

static bool take_number(char **at, uint32_t *out)
{
	char *word = next_word(at, " \t");
	struct keg_err err;

	return word && keg_parse_u32(word, out, &err) >= 0;
}

static bool take_line(char *line, struct idmap_range *out)
{
	struct idmap_range range;

	if (!take_number(&line, &range.inside) || !take_number(&line, &range.outside) ||
	    !take_number(&line, &range.count))
		return false;
	*out = range;
	return true;
}

size_t idmap_text_parse(const char *text, struct idmap_range *out, size_t most)
{
	autofree char *copy = keg_strdup(text);
	char *at = copy;
	size_t n = 0;

	for (char *line; n < most && (line = strsep(&at, "\n"));)
		n += take_line(line, &out[n]);
	return n;
}

static bool take_sub(char *line, const char *name, uint32_t number, struct idmap_range *out)
{
	struct keg_err err;
	uint32_t id;
	char *user = strsep(&line, ":");
	char *start = strsep(&line, ":");
	char *count = line;

	if (!start || !count)
		return false;
	if (strcmp(user, name) != 0 && (keg_parse_u32(user, &id, &err) < 0 || id != number))
		return false;
	return keg_parse_u32(start, &out->outside, &err) >= 0 &&
	       keg_parse_u32(count, &out->count, &err) >= 0 && out->count > 0 &&
	       out->count <= UINT32_MAX - out->outside;
}

size_t idmap_text_parse_sub(const char *text, const char *name, uint32_t number, uint32_t inside,
			    struct idmap_range *out, size_t most)
{
	autofree char *copy = keg_strdup(text);
	char *at = copy;
	size_t n = 0;

	for (char *line; n < most && (line = strsep(&at, "\n"));) {
		struct idmap_range range = { .inside = inside };

		if (!take_sub(line, name, number, &range) || range.count > UINT32_MAX - inside)
			continue;
		inside += range.count;
		out[n++] = range;
	}
	return n;
}
