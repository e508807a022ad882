/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library knows POSIX's extended expressions. What Perl's have beyond those and means the
 * same is rewritten: \d and its like, (?:...), lazy repetitions (which change what is found, not
 * whether). Everything else behind a backslash or "(?" is refused rather than read differently.
 */
#include "image/tag_pattern.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { PATTERN_MOST = 1024 };

struct tag_pattern {
	regex_t regex;
};

static const char *class_of(char letter)
{
	switch (letter) {
	case 'd':
		return "0-9";
	case 'w':
		return "0-9A-Za-z_";
	case 's':
		return " \t\n\f\r";
	default:
		return NULL;
	}
}

/* \X outside of brackets. */
static bool take_escape(char c, struct keg_buf *out)
{
	const char *class = class_of((char)tolower((unsigned char)c));

	if (class)
		keg_buf_printf(out, "[%s%s]", isupper((unsigned char)c) ? "^" : "", class);
	else if (!c || isalnum((unsigned char)c))
		return false;
	else
		keg_buf_printf(out, "\\%c", c);
	return true;
}

/*
 * [...] at *at. POSIX has no escapes in there: what was escaped stands alone, and a '-', '^' or
 * ']' whose place would change its meaning is refused.
 */
static bool take_brackets(const char **at, struct keg_buf *out)
{
	const char *c = *at + 1;

	keg_buf_putc(out, '[');
	if (*c == '^')
		keg_buf_putc(out, *c++);
	for (const char *first = c; *c && (*c != ']' || c == first); c++) {
		const char *class = NULL;

		if (*c == '[')
			return false; /* [:alpha:], [.x.]: POSIX's meaning is not Go's */
		if (*c != '\\') {
			keg_buf_putc(out, *c);
			continue;
		}
		class = class_of(*++c);
		if (!class && (!*c || isalnum((unsigned char)*c) || strchr("-^]", *c)))
			return false;
		if (class)
			keg_buf_puts(out, class);
		else
			keg_buf_putc(out, *c);
	}
	if (!*c)
		return false;
	keg_buf_putc(out, ']');
	*at = c;
	return true;
}

static bool is_repeat(char c)
{
	return c && strchr("*+?}", c) != NULL;
}

/* One element at *at, which is left on its last character. */
static bool take_element(const char **at, struct keg_buf *out)
{
	const char *c = *at;

	if (*c == '[')
		return take_brackets(at, out);
	if (*c == '\\') {
		(*at)++;
		return take_escape(c[1], out);
	}
	keg_buf_putc(out, *c);
	if (c[0] == '(' && c[1] == '?') {
		*at += 2;
		return c[2] == ':';
	}
	return true;
}

/*
 * Repetitions of repetitions Go refuses; the C library takes them, and for forty of them more than
 * a gigabyte.
 */
static bool rewrite(const char *text, struct keg_buf *out)
{
	enum { NONE, REPEATED, LAZY } last = NONE;

	for (const char *c = text; *c; c++) {
		bool repeats = is_repeat(*c);

		if (*c == '?' && last == REPEATED) {
			last = LAZY;
			continue;
		}
		if (last != NONE && strchr("*+?{", *c))
			return false;
		if (!take_element(&c, out))
			return false;
		last = repeats ? REPEATED : NONE;
	}
	return true;
}

int tag_pattern_parse(const char *text, struct tag_pattern **out, struct keg_err *err)
{
	auto(keg_buf) posix = { 0 };
	struct tag_pattern *pattern;
	char why[128];

	if (strlen(text) > PATTERN_MOST)
		return keg_fail(err, KEG_EUSAGE, "a regular expression of more than %d bytes",
				PATTERN_MOST);
	if (!rewrite(text, &posix))
		return keg_fail(err, KEG_EUSAGE,
				"regular expression %s: its syntax is not supported", text);
	pattern = keg_alloc(1, sizeof *pattern);
	int r = regcomp(&pattern->regex, keg_buf_text(&posix), REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		regerror(r, &pattern->regex, why, sizeof why);
		free(pattern);
		return keg_fail(err, KEG_EUSAGE, "regular expression %s: %s", text, why);
	}
	*out = pattern;
	return 0;
}

void tag_pattern_free(struct tag_pattern *pattern)
{
	regfree(&pattern->regex);
	free(pattern);
}

bool tag_pattern_matches(const struct tag_pattern *pattern, const char *tag)
{
	return regexec(&pattern->regex, tag, 0, NULL, 0) == 0;
}
