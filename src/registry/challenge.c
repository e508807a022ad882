/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar is ambiguous at a comma: `Basic realm="a", Bearer realm="b"` separates two
 * challenges by what also separates parameters. A token followed by '=' is a parameter, any
 * other token starts a challenge.
 */
#include "registry/challenge.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

struct scanner {
	const char *at;
	struct keg_arena *arena;
};

static void skip(struct scanner *s, const char *chars)
{
	s->at += strspn(s->at, chars);
}

static const char *scan_token(struct scanner *s)
{
	const char *from = s->at;

	while (isalnum((unsigned char)*s->at) || (*s->at && strchr("!#$%&'*+-.^_`|~", *s->at)))
		s->at++;
	return s->at > from ? keg_arena_strndup(s->arena, from, (size_t)(s->at - from)) : NULL;
}

/* A quoted string with its escapes undone, or a token; some servers leave '/' and ':' bare. */
static const char *scan_value(struct scanner *s)
{
	auto(keg_buf) text = { 0 };

	if (*s->at != '"') {
		size_t len = strcspn(s->at, ", \t");
		const char *bare = keg_arena_strndup(s->arena, s->at, len);

		s->at += len;
		return bare;
	}
	for (s->at++; *s->at && *s->at != '"'; s->at++) {
		if (*s->at == '\\' && s->at[1])
			s->at++;
		keg_buf_putc(&text, *s->at);
	}
	if (*s->at != '"')
		return NULL;
	s->at++;
	return keg_arena_strndup(s->arena, keg_buf_text(&text), text.len);
}

static enum challenge_scheme scheme_of(const char *word)
{
	if (strcasecmp(word, "basic") == 0)
		return CHALLENGE_BASIC;
	return strcasecmp(word, "bearer") == 0 ? CHALLENGE_BEARER : CHALLENGE_OTHER;
}

static void set_param(struct challenge *c, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **into;
	} known[] = {
		{ "realm", &c->realm },
		{ "service", &c->service },
		{ "scope", &c->scope },
		{ "error", &c->error },
	};

	for (size_t i = 0; i < KEG_COUNT(known); i++) {
		if (strcasecmp(known[i].name, name) == 0)
			*known[i].into = value;
	}
}

void challenge_parse(const char *line, struct keg_arena *arena, struct challenges *out)
{
	struct scanner s = { .at = line, .arena = arena };
	struct challenge *current = NULL;

	if (strlen(line) > CHALLENGE_LINE_MOST)
		return;
	for (skip(&s, " \t,"); *s.at; skip(&s, " \t,")) {
		const char *word = scan_token(&s);
		if (!word)
			return;
		skip(&s, " \t");
		if (*s.at == '=' && current) {
			s.at++;
			skip(&s, " \t");
			const char *value = scan_value(&s);
			if (!value)
				return;
			set_param(current, word, value);
			continue;
		}
		if (out->n == CHALLENGES_MAX)
			return;
		current = &out->v[out->n++];
		*current = (struct challenge){ .scheme = scheme_of(word) };
	}
}
