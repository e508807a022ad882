/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.h - WWW-Authenticate (RFC 9110, 11.6.1): what a server wants to see. */
#ifndef KEG_REGISTRY_CHALLENGE_H
#define KEG_REGISTRY_CHALLENGE_H

#include <stddef.h>

#include "base/mem.h"

enum challenge_scheme { CHALLENGE_OTHER, CHALLENGE_BASIC, CHALLENGE_BEARER };

enum { CHALLENGES_MAX = 8, CHALLENGE_LINE_MOST = 16 << 10 };

struct challenge {
	enum challenge_scheme scheme;
	const char *realm, *service, *scope, *error; /* NULL when not given */
};

struct challenges {
	struct challenge v[CHALLENGES_MAX];
	size_t n;
};

/*
 * Add the challenges of one header line to *out, texts in the arena. What is malformed ends
 * the line: the challenges before it count. What is too long or too many is ignored.
 */
void challenge_parse(const char *line, struct keg_arena *arena, struct challenges *out);

#endif
