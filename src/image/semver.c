/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range is alternatives ("||") of bounds that hold together (comma or space). A bound may
 * leave its last numbers open ("1", "1.x"); what it then means depends on its operator.
 */
#include "image/semver.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

struct version {
	uint64_t v[3]; /* major, minor, patch */
	int n;	       /* how many were given; the rest is 0 */
	char *pre;     /* "rc.1", or NULL */
};

enum operator{ EQUAL, UNEQUAL, ABOVE, BELOW, AT_LEAST, AT_MOST, TILDE, CARET };

struct bound {
	enum operator op;
	struct version version;
	struct bound *next;
};

struct semver_range {
	struct bound *bounds;
	struct semver_range *otherwise;
};

static const struct {
	const char *text;
	enum operator op;
} operators[] = {
	/* The longer ones first. */
	{ "!=", UNEQUAL }, { ">=", AT_LEAST }, { "=>", AT_LEAST }, { "<=", AT_MOST },
	{ "=<", AT_MOST }, { "~>", TILDE },    { "=", EQUAL },	   { ">", ABOVE },
	{ "<", BELOW },	   { "~", TILDE },     { "^", CARET },
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.';
}

/* "rc.1" or "20130313144700" at *at: dot-separated words, none empty. */
static bool take_words(const char **at, char **out)
{
	const char *from = *at, *to = from;

	while (is_word(*to))
		to++;
	if (to == from || *from == '.' || to[-1] == '.' ||
	    memmem(from, (size_t)(to - from), "..", 2))
		return false;
	if (out)
		*out = keg_strndup(from, (size_t)(to - from));
	*at = to;
	return true;
}

static bool is_wild(char c)
{
	return c == 'x' || c == 'X' || c == '*';
}

static bool take_number(const char **at, uint64_t *out)
{
	size_t digits = strspn(*at, "0123456789");
	autofree char *text = keg_strndup(*at, digits);
	struct keg_err ignored;

	if (digits == 0 || keg_parse_u64(text, out, &ignored) < 0)
		return false;
	*at += digits;
	return true;
}

/* Up to three numbers; `wild`: the last ones may be x, X or *. */
static bool take_numbers(const char **at, bool wild, struct version *out)
{
	bool open = false;

	for (int i = 0; i < 3; i++) {
		if (i > 0 && **at != '.')
			break;
		*at += i > 0;
		if (wild && is_wild(**at)) {
			open = true;
			(*at)++;
			continue;
		}
		if (open || !take_number(at, &out->v[i]))
			return false;
		out->n = i + 1;
	}
	return true;
}

static bool take_version(const char **at, bool wild, struct version *out)
{
	*at += **at == 'v';
	if (!take_numbers(at, wild, out))
		return false;
	if (**at == '-') {
		(*at)++;
		if (!take_words(at, &out->pre))
			return false;
	}
	if (**at == '+') {
		(*at)++;
		return take_words(at, NULL);
	}
	return true;
}

/* By semver.org, 11: numbers below words, numbers by value. */
static int compare_words(const char *a, size_t a_len, const char *b, size_t b_len)
{
	bool a_number = strspn(a, "0123456789") >= a_len,
	     b_number = strspn(b, "0123456789") >= b_len;

	if (a_number != b_number)
		return a_number ? -1 : 1;
	if (a_number && a_len != b_len)
		return a_len < b_len ? -1 : 1;
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_pre(const char *a, const char *b)
{
	/* What has none comes after all that have one. */
	if (!a || !b)
		return !a - !b;
	for (;;) {
		size_t a_len = strcspn(a, "."), b_len = strcspn(b, ".");
		int order = compare_words(a, a_len, b, b_len);

		if (order)
			return order;
		a += a_len;
		b += b_len;
		if (!*a || !*b)
			return (*a != '\0') - (*b != '\0');
		a++;
		b++;
	}
}

static int compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < 3; i++) {
		if (a->v[i] != b->v[i])
			return a->v[i] < b->v[i] ? -1 : 1;
	}
	return compare_pre(a->pre, b->pre);
}

/* Equal in the first `n` numbers. */
static bool same_start(const struct version *a, const struct version *b, int n)
{
	for (int i = 0; i < n; i++) {
		if (a->v[i] != b->v[i])
			return false;
	}
	return true;
}

/* The first number that is not 0 stays as it is; where all given ones are 0, they all stay. */
static int fixed_by_caret(const struct version *bound)
{
	for (int i = 0; i < bound->n; i++) {
		if (bound->v[i] > 0)
			return i + 1;
	}
	return bound->n;
}

static bool bound_has(const struct bound *bound, const struct version *v)
{
	const struct version *b = &bound->version;
	bool is_open = b->n < 3;

	if (v->pre && !b->pre)
		return false;
	switch (bound->op) {
	case EQUAL:
		return is_open ? same_start(v, b, b->n) : compare(v, b) == 0;
	case UNEQUAL:
		return is_open ? !same_start(v, b, b->n) : compare(v, b) != 0;
	case ABOVE:
		return compare(v, b) > 0 && !(is_open && same_start(v, b, b->n));
	case BELOW:
		return compare(v, b) < 0;
	case AT_LEAST:
		return compare(v, b) >= 0;
	case AT_MOST:
		return compare(v, b) <= 0 || (is_open && same_start(v, b, b->n));
	case TILDE:
		return compare(v, b) >= 0 && same_start(v, b, b->n < 2 ? b->n : 2);
	case CARET:
		return compare(v, b) >= 0 && same_start(v, b, fixed_by_caret(b));
	}
	return false;
}

bool semver_range_has(const struct semver_range *range, const char *tag)
{
	struct version v = { 0 };
	const char *at = tag;
	bool has = false;

	if (take_version(&at, false, &v) && !*at) {
		for (; range && !has; range = range->otherwise) {
			const struct bound *b = range->bounds;

			while (b && bound_has(b, &v))
				b = b->next;
			has = !b;
		}
	}
	free(v.pre);
	return has;
}

void semver_range_free(struct semver_range *range)
{
	while (range) {
		struct semver_range *otherwise = range->otherwise;

		while (range->bounds) {
			struct bound *next = range->bounds->next;

			free(range->bounds->version.pre);
			free(range->bounds);
			range->bounds = next;
		}
		free(range);
		range = otherwise;
	}
}

static struct bound *add_bound(struct semver_range *to, enum operator op)
{
	struct bound *bound = keg_alloc(1, sizeof *bound);

	bound->op = op;
	bound->next = to->bounds;
	to->bounds = bound;
	return bound;
}

static const char *skip(const char *at, const char *what)
{
	return at + strspn(at, what);
}

static enum operator take_operator(const char **at)
{
	for (size_t i = 0; i < KEG_COUNT(operators); i++) {
		const char *after = keg_str_after(*at, operators[i].text);

		if (after) {
			*at = skip(after, " ");
			return operators[i].op;
		}
	}
	return EQUAL;
}

/* One bound, or the two of "1.0 - 2.0"; *at is behind it then. */
static bool take_bound(const char **at, struct semver_range *to)
{
	const char *start = *at;
	struct bound *bound = add_bound(to, take_operator(at));
	bool has_operator = *at != start;

	if (!take_version(at, true, &bound->version))
		return false;

	const char *hyphen = keg_str_after(skip(*at, " "), "- ");
	if (hyphen && !has_operator) {
		bound->op = AT_LEAST;
		*at = skip(hyphen, " ");
		return take_version(at, true, &add_bound(to, AT_MOST)->version);
	}
	return true;
}

static bool parse_alternative(const char *text, struct semver_range *to)
{
	const char *at = skip(text, " ");

	if (!*at)
		return false;
	while (*at) {
		if (!take_bound(&at, to))
			return false;
		/* Something has to part it from the next one. */
		const char *after = skip(at, " ,");
		if (*after && after == at)
			return false;
		at = after;
	}
	return true;
}

int semver_range_parse(const char *text, struct semver_range **out, struct keg_err *err)
{
	autoptr(semver_range) range = NULL;
	const char *at = text;

	for (;;) {
		const char *end = strstr(at, "||");
		autofree char *part = end ? keg_strndup(at, (size_t)(end - at)) : keg_strdup(at);
		struct semver_range *one = keg_alloc(1, sizeof *one);

		one->otherwise = range;
		range = one;
		if (!parse_alternative(part, one))
			return keg_fail(err, KEG_EUSAGE, "improper constraint: %s", text);
		if (!end)
			break;
		at = end + 2;
	}
	*out = take_ptr(&range);
	return 0;
}
