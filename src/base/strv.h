/* SPDX-License-Identifier: Apache-2.0 */
/* strv.h - lists of strings that own their members, and the questions asked of strings. */
#ifndef KEG_BASE_STRV_H
#define KEG_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/auto.h"

/* Start from {0}. v[n] is NULL once anything was added, so v serves as an argv. */
struct keg_strv {
	char **v;
	size_t n;
	size_t room;
};

void keg_strv_add(struct keg_strv *list, const char *text); /* copies */
void keg_strv_take(struct keg_strv *list, char *text);	    /* takes ownership */
void keg_strv_addf(struct keg_strv *list, const char *fmt, ...) KEG_PRINTF(2, 3);
void keg_strv_extend(struct keg_strv *list, const char *const *more, size_t n);
void keg_strv_remove(struct keg_strv *list, size_t at); /* keeps the order */
void keg_strv_clear(struct keg_strv *list);
void keg_strv_sort(struct keg_strv *list); /* by bytes */
bool keg_strv_has(const struct keg_strv *list, const char *text);

/* Split at each `sep`; empty pieces are kept, the empty text gives no piece. Appends. */
void keg_strv_split(struct keg_strv *list, const char *text, char sep);

/* Joined with `sep`; the caller frees. */
char *keg_strv_join(const struct keg_strv *list, const char *sep);

void keg_strv_done(struct keg_strv *list);
KEG_AUTO(keg_strv, keg_strv_done)

/* RFC 3629: no overlong forms, no surrogates, nothing above 0x10ffff. */
bool keg_str_is_utf8(const char *text, size_t len);

/* An environment "NAME=value" list: set replaces, get returns the value or NULL. */
void keg_env_set(struct keg_strv *env, const char *name, const char *value);
void keg_env_put(struct keg_strv *env, const char *assignment); /* "NAME=value" */
const char *keg_env_get(const struct keg_strv *env, const char *name);

bool keg_str_eq(const char *a, const char *b); /* NULL equals only NULL */
/* NULL or ""; inline, so that analysers see that what is not empty is not NULL. */
static inline bool keg_str_empty(const char *text)
{
	return !text || !*text;
}
bool keg_str_starts(const char *text, const char *prefix);
bool keg_str_ends(const char *text, const char *suffix);
/* Is `word` one of those in "a,b,c", for the separator ','? */
bool keg_str_lists(const char *list, char sep, const char *word);
/* What stands after the prefix, or NULL when `text` does not start with it. */
const char *keg_str_after(const char *text, const char *prefix);

#endif
