/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { FIRST_ROOM = 8 };

void keg_strv_take(struct keg_strv *list, char *text)
{
	if (list->n + 1 >= list->room) {
		list->room = list->room ? list->room * 2 : FIRST_ROOM;
		list->v = keg_realloc(list->v, list->room, sizeof *list->v);
	}
	list->v[list->n++] = text;
	list->v[list->n] = NULL;
}

void keg_strv_add(struct keg_strv *list, const char *text)
{
	keg_strv_take(list, keg_strdup(text));
}

void keg_strv_addf(struct keg_strv *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keg_strv_take(list, keg_vprintf(fmt, ap));
	va_end(ap);
}

void keg_strv_extend(struct keg_strv *list, const char *const *more, size_t n)
{
	for (size_t i = 0; i < n; i++)
		keg_strv_add(list, more[i]);
}

void keg_strv_remove(struct keg_strv *list, size_t at)
{
	if (at >= list->n)
		keg_bug("a list has no such member");
	free(list->v[at]);
	memmove(list->v + at, list->v + at + 1, (list->n - at) * sizeof *list->v);
	list->n--;
}

void keg_strv_clear(struct keg_strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	list->n = 0;
	if (list->v)
		list->v[0] = NULL;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void keg_strv_sort(struct keg_strv *list)
{
	if (list->n > 1)
		qsort(list->v, list->n, sizeof *list->v, by_bytes);
}

bool keg_strv_has(const struct keg_strv *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i], text) == 0)
			return true;
	}
	return false;
}

void keg_strv_split(struct keg_strv *list, const char *text, char sep)
{
	if (!text)
		return;
	while (*text) {
		const char *end = strchrnul(text, sep);

		keg_strv_take(list, keg_strndup(text, (size_t)(end - text)));
		if (!*end)
			break;
		text = end + 1;
		if (!*text)
			keg_strv_add(list, "");
	}
}

char *keg_strv_join(const struct keg_strv *list, const char *sep)
{
	struct keg_buf out = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			keg_buf_puts(&out, sep);
		keg_buf_puts(&out, list->v[i]);
	}
	return keg_buf_take(&out);
}

void keg_strv_done(struct keg_strv *list)
{
	keg_strv_clear(list);
	free(list->v);
	*list = (struct keg_strv){ 0 };
}

static size_t env_find(const struct keg_strv *env, const char *name, size_t len)
{
	size_t i = 0;

	while (i < env->n && (strncmp(env->v[i], name, len) != 0 || env->v[i][len] != '='))
		i++;
	return i;
}

void keg_env_put(struct keg_strv *env, const char *assignment)
{
	size_t len = (size_t)(strchrnul(assignment, '=') - assignment);
	size_t at = env_find(env, assignment, len);

	if (at == env->n) {
		keg_strv_add(env, assignment);
		return;
	}
	free(env->v[at]);
	env->v[at] = keg_strdup(assignment);
}

void keg_env_set(struct keg_strv *env, const char *name, const char *value)
{
	autofree char *assignment = keg_printf("%s=%s", name, value);

	keg_env_put(env, assignment);
}

const char *keg_env_get(const struct keg_strv *env, const char *name)
{
	size_t len = strlen(name);
	size_t at = env_find(env, name, len);

	return at == env->n ? NULL : env->v[at] + len + 1;
}

bool keg_str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

const char *keg_str_after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool keg_str_starts(const char *text, const char *prefix)
{
	return keg_str_after(text, prefix) != NULL;
}

bool keg_str_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), tail = strlen(suffix);

	return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

bool keg_str_lists(const char *list, char sep, const char *word)
{
	const size_t len = strlen(word);

	while (*list) {
		const char *end = strchr(list, sep);
		const size_t part = end ? (size_t)(end - list) : strlen(list);

		if (part == len && memcmp(list, word, len) == 0)
			return true;
		list += part + (end != NULL);
	}
	return false;
}

bool keg_str_is_utf8(const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + len;

	while (at < end) {
		unsigned char c = *at++;
		int more = c < 0x80		   ? 0
			   : c >= 0xc2 && c < 0xe0 ? 1
			   : (c & 0xf0) == 0xe0	   ? 2
			   : c >= 0xf0 && c < 0xf5 ? 3
						   : -1;

		if (more < 0 || end - at < more || (more > 0 && (at[0] & 0xc0) != 0x80) ||
		    (c == 0xe0 && at[0] < 0xa0) || (c == 0xed && at[0] > 0x9f) ||
		    (c == 0xf0 && at[0] < 0x90) || (c == 0xf4 && at[0] > 0x8f))
			return false;
		for (; more > 0; more--) {
			if ((*at++ & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}
