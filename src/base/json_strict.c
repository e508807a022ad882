/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-c keeps the last of members with the same name. So the text is walked once more, when
 * it is known to be well formed: only braces, brackets and strings matter then, and a string is a
 * name when a colon follows it.
 */
#include "base/json_strict.h"

#include <string.h>

#include "base/strv.h"

/* Where a well-formed string that begins at `at` ends: behind its closing quote. */
static size_t string_end(const char *text, size_t at)
{
	for (at++; text[at] != '"'; at++)
		at += text[at] == '\\';
	return at + 1;
}

/* The name as it is meant: \u0061 is an a. NULL when it cannot be read alone. */
static struct json_object *name_at(const char *text, size_t from, size_t to)
{
	struct json_object *name = NULL;
	struct keg_err ignored;

	return keg_json_parse(text + from, to - from, &name, &ignored) < 0 ? NULL : name;
}

/* The names that each object open at this point has had so far. */
struct open_objects {
	struct json_object *names[KEG_JSON_DEPTH + 1];
	size_t depth;
};

static void open_objects_done(struct open_objects *open)
{
	for (size_t i = 0; i < open->depth; i++)
		json_object_put(open->names[i]);
}
KEG_AUTO(open_objects, open_objects_done)

static int take_name(struct open_objects *open, const char *text, size_t from, size_t to,
		     struct keg_err *err)
{
	autojson name = name_at(text, from, to);
	struct json_object *seen = open->names[open->depth - 1];
	const char *plain = name ? json_object_get_string(name) : NULL;

	if (!plain)
		return keg_fail(err, KEG_ECORRUPT, "malformed JSON at byte %zu: name", from);
	if (json_object_object_get_ex(seen, plain, NULL))
		return keg_fail(err, KEG_ECORRUPT, "Duplicate key \"%s\"", plain);
	json_object_object_add(seen, plain, NULL);
	return 0;
}

static int check_names(const char *text, size_t len, struct keg_err *err)
{
	auto(open_objects) open = { 0 };

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '{' || text[i] == '[') {
			if (open.depth == KEG_COUNT(open.names))
				return keg_fail(err, KEG_ECORRUPT, "malformed JSON: too deep");
			open.names[open.depth++] = text[i] == '{' ? json_object_new_object() : NULL;
		} else if (text[i] == '}' || text[i] == ']') {
			json_object_put(open.names[--open.depth]);
		} else if (text[i] == '"') {
			size_t end = string_end(text, i);
			size_t next = end + strspn(text + end, " \t\r\n");

			if (text[next] == ':') {
				int r = take_name(&open, text, i, end, err);
				if (r < 0)
					return r;
			}
			i = end - 1;
		}
	}
	return 0;
}

int keg_json_parse_strict(const char *text, size_t len, struct json_object **out,
			  struct keg_err *err)
{
	autojson value = NULL;
	/* The walk may look one byte further than the text. */
	autofree char *ended = keg_strndup(text, len);

	int r = keg_json_parse(text, len, &value, err);
	if (r >= 0 && strlen(ended) != len)
		r = keg_fail(err, KEG_ECORRUPT, "malformed JSON: a NUL byte");
	if (r >= 0)
		r = check_names(ended, len, err);
	if (r < 0)
		return r;
	*out = take_ptr(&value);
	return 0;
}

static const struct keg_json_field *find_row(const struct keg_json_field *rows, const char *name)
{
	for (; rows->kind; rows++) {
		if (strcmp(rows->name, name) == 0)
			return rows;
	}
	return NULL;
}

static int check_members(struct json_object *obj, const struct keg_json_field *rows,
			 struct keg_err *err)
{
	struct json_object_iterator at = json_object_iter_begin(obj);
	struct json_object_iterator end = json_object_iter_end(obj);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		struct json_object *value = json_object_iter_peek_value(&at);
		const struct keg_json_field *row = find_row(rows, name);

		if (!row)
			return keg_fail(err, KEG_ECORRUPT, "Unknown key \"%s\"", name);
		if (row->kind == KEG_JSON_OBJ && json_object_is_type(value, json_type_object)) {
			int r = check_members(value, row->inner, err);
			if (r < 0)
				return keg_wrap(err, "%s", name);
		}
	}
	return 0;
}

int keg_json_decode_strict(struct json_object *obj, const struct keg_json_field *rows, void *out,
			   struct keg_arena *arena, struct keg_err *err)
{
	if (!obj || !json_object_is_type(obj, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "JSON object expected");
	int r = check_members(obj, rows, err);
	return r < 0 ? r : keg_json_decode(obj, rows, out, arena, err);
}
