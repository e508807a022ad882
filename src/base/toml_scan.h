/* SPDX-License-Identifier: Apache-2.0 */
/* toml_scan.h - what toml.c and toml_scalar.c share: the place in the text, and errors there. */
#ifndef KEG_BASE_TOML_SCAN_H
#define KEG_BASE_TOML_SCAN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"

struct toml {
	const char *at, *end;
	int line, depth;
	struct closed *closed; /* tables that may not be extended */
	struct keg_arena arena;
	struct keg_err *err;
};

/* KEG_ECORRUPT with the line in front. */
int toml_bad(struct toml *t, const char *fmt, ...) KEG_PRINTF(2, 3);

static inline char toml_peek(const struct toml *t)
{
	return t->at < t->end ? *t->at : '\0';
}

bool toml_starts(const struct toml *t, const char *text);

/* A string, quotes and all, in any of the four forms; appended. */
int toml_string_read(struct toml *t, struct keg_buf *out);
/* A number, a truth value or a date. */
int toml_word_read(struct toml *t, struct json_object **out);

#endif
