/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/link.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/strv.h"

static const char blanks[] = " \t";

/* A value of a parameter: a token or a text in quotes; *from ends behind it. The caller frees. */
static char *take_value(const char **from)
{
	const char *start = *from;

	if (*start != '"') {
		size_t len = strcspn(start, "; \t,");

		*from = start + len;
		return keg_strndup(start, len);
	}
	size_t len = strcspn(++start, "\"");
	*from = start + len + (start[len] == '"');
	return keg_strndup(start, len);
}

/* Relations are words between blanks. */
static bool has_word(char *relations, const char *word)
{
	for (char *w; (w = strsep(&relations, " ")) != NULL;) {
		if (strcasecmp(w, word) == 0)
			return true;
	}
	return false;
}

/* The parameters behind a target; *from ends at the comma or the end. */
static bool is_next(const char **from)
{
	bool next = false;

	while (**from && **from != ',') {
		*from += strspn(*from, "; \t");
		size_t name = strcspn(*from, "=;, \t");
		bool is_rel = name == 3 && strncasecmp(*from, "rel", 3) == 0;

		*from += name;
		*from += strspn(*from, blanks);
		if (**from != '=')
			continue;
		++*from;
		*from += strspn(*from, blanks);
		autofree char *value = take_value(from);
		next |= is_rel && has_word(value, "next");
	}
	return next;
}

char *link_next(const char *header)
{
	while (header && *(header += strspn(header, ", \t")) == '<') {
		const char *target = header + 1;
		size_t len = strcspn(target, ">");

		if (!target[len])
			return NULL;
		header = target + len + 1;
		if (is_next(&header))
			return keg_strndup(target, len);
	}
	return NULL;
}
