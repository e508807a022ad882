/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recursive-descent reader of TOML 1.0. Tables become JSON objects, arrays of tables JSON
 * arrays; integers and floats keep their kind; dates and times, which the configuration
 * files of this field do not use, become strings.
 *
 * Which tables may still be extended is the part of TOML that a plain tree cannot say:
 * a table written inline, or as [header] once, is closed. Those are remembered in `closed`.
 */
#include "base/toml.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/strv.h"
#include "base/toml_scan.h"

struct closed {
	struct json_object *table;
	struct closed *next;
};

static int value_read(struct toml *t, struct json_object **out);

static void skip_blanks(struct toml *t)
{
	while (toml_peek(t) == ' ' || toml_peek(t) == '\t')
		t->at++;
}

static int skip_comment(struct toml *t)
{
	if (toml_peek(t) != '#')
		return 0;
	for (; t->at < t->end && *t->at != '\n'; t->at++) {
		unsigned char c = (unsigned char)*t->at;

		if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
			return toml_bad(t, "control character in a comment");
	}
	return 0;
}

/* Blanks, comments and line ends. */
static int skip_lines(struct toml *t)
{
	for (;;) {
		skip_blanks(t);
		if (skip_comment(t) < 0)
			return -KEG_ECORRUPT;
		if (toml_starts(t, "\r\n"))
			t->at++;
		if (toml_peek(t) != '\n')
			return 0;
		t->at++;
		t->line++;
	}
}

static int expect_line_end(struct toml *t)
{
	skip_blanks(t);
	if (skip_comment(t) < 0)
		return -KEG_ECORRUPT;
	if (t->at == t->end || toml_peek(t) == '\n' || toml_starts(t, "\r\n"))
		return 0;
	return toml_bad(t, "unexpected text after the value");
}

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static int key_read(struct toml *t, struct keg_buf *out)
{
	if (toml_peek(t) == '"' || toml_peek(t) == '\'') {
		const char triple[] = { toml_peek(t), toml_peek(t), toml_peek(t), '\0' };

		return toml_starts(t, triple) ? toml_bad(t, "a key is on one line")
					      : toml_string_read(t, out);
	}
	while (t->at < t->end && is_bare(*t->at))
		keg_buf_putc(out, *t->at++);
	return out->len ? 0 : toml_bad(t, "expected a key");
}

static bool is_closed(const struct toml *t, const struct json_object *table)
{
	for (const struct closed *c = t->closed; c; c = c->next) {
		if (c->table == table)
			return true;
	}
	return false;
}

static void close_table(struct toml *t, struct json_object *table)
{
	struct closed *c = keg_arena_alloc(&t->arena, 1, sizeof *c);

	*c = (struct closed){ table, t->closed };
	t->closed = c;
}

/* Go down one step of a dotted key, making the table where it is missing. */
static int descend(struct toml *t, struct json_object **table, const char *key, bool header)
{
	struct json_object *inner = NULL;

	if (!json_object_object_get_ex(*table, key, &inner)) {
		inner = json_object_new_object();
		json_object_object_add(*table, key, inner);
	} else if (header && json_object_is_type(inner, json_type_array) &&
		   json_object_array_length(inner) > 0 && !is_closed(t, inner)) {
		inner = json_object_array_get_idx(inner, json_object_array_length(inner) - 1);
	}
	if (!json_object_is_type(inner, json_type_object) || (!header && is_closed(t, inner)))
		return toml_bad(t, "\"%s\" is not a table that can be extended", key);
	*table = inner;
	return 0;
}

/* Read a dotted key; *table goes to the last but one part, *last gets the last. */
static int path_read(struct toml *t, struct json_object **table, bool header, struct keg_buf *last)
{
	for (int parts = 1;; parts++) {
		keg_buf_cut(last, 0);
		skip_blanks(t);
		if (key_read(t, last) < 0)
			return -KEG_ECORRUPT;
		skip_blanks(t);
		if (toml_peek(t) != '.')
			return 0;
		if (parts >= KEG_JSON_DEPTH)
			return toml_bad(t, "more than %d parts in a key", KEG_JSON_DEPTH);
		t->at++;
		if (descend(t, table, keg_buf_text(last), header) < 0)
			return -KEG_ECORRUPT;
	}
}

static int pair_read(struct toml *t, struct json_object *table)
{
	auto(keg_buf) key = { 0 };
	struct json_object *value = NULL;

	if (path_read(t, &table, false, &key) < 0)
		return -KEG_ECORRUPT;
	if (toml_peek(t) != '=')
		return toml_bad(t, "expected '=' after \"%s\"", keg_buf_text(&key));
	t->at++;
	skip_blanks(t);
	if (json_object_object_get_ex(table, keg_buf_text(&key), NULL))
		return toml_bad(t, "\"%s\" is set twice", keg_buf_text(&key));
	if (value_read(t, &value) < 0)
		return -KEG_ECORRUPT;
	json_object_object_add(table, keg_buf_text(&key), value);
	return 0;
}

static int array_read(struct toml *t, struct json_object *list)
{
	t->at++;
	for (;;) {
		struct json_object *item;

		if (skip_lines(t) < 0)
			return -KEG_ECORRUPT;
		if (toml_peek(t) == ']')
			break;
		if (value_read(t, &item) < 0)
			return -KEG_ECORRUPT;
		json_object_array_add(list, item);
		if (skip_lines(t) < 0)
			return -KEG_ECORRUPT;
		if (toml_peek(t) == ',')
			t->at++;
		else if (toml_peek(t) != ']')
			return toml_bad(t, "expected ',' or ']'");
	}
	t->at++;
	close_table(t, list);
	return 0;
}

static void close_all(struct toml *t, struct json_object *table)
{
	close_table(t, table);
	json_object_object_foreach(table, name, value)
	{
		(void)name;
		if (json_object_is_type(value, json_type_object) && !is_closed(t, value))
			close_all(t, value);
	}
}

static int inline_table_read(struct toml *t, struct json_object *table)
{
	t->at++;
	skip_blanks(t);
	while (toml_peek(t) != '}') {
		if (pair_read(t, table) < 0)
			return -KEG_ECORRUPT;
		skip_blanks(t);
		if (toml_peek(t) == '}')
			break;
		if (toml_peek(t) != ',')
			return toml_bad(t, "expected ',' or '}'");
		t->at++;
		skip_blanks(t);
		if (toml_peek(t) == '}')
			return toml_bad(t, "an inline table does not end in ','");
	}
	t->at++;
	close_all(t, table);
	return 0;
}

static int nested_read(struct toml *t, struct json_object **out)
{
	bool is_array = toml_peek(t) == '[';
	struct json_object *value = is_array ? json_object_new_array() : json_object_new_object();
	int r;

	if (t->depth >= KEG_JSON_DEPTH) {
		json_object_put(value);
		return toml_bad(t, "nested deeper than %d", KEG_JSON_DEPTH);
	}
	t->depth++;
	r = is_array ? array_read(t, value) : inline_table_read(t, value);
	t->depth--;
	if (r < 0) {
		json_object_put(value);
		return r;
	}
	*out = value;
	return 0;
}

static int value_read(struct toml *t, struct json_object **out)
{
	char c = toml_peek(t);

	if (c == '[' || c == '{')
		return nested_read(t, out);
	if (c != '"' && c != '\'')
		return toml_word_read(t, out);

	auto(keg_buf) text = { 0 };
	if (toml_string_read(t, &text) < 0)
		return -KEG_ECORRUPT;
	*out = json_object_new_string_len(keg_buf_text(&text), (int)text.len);
	return 0;
}

/* [a.b] or [[a.b]]: *table becomes the table whose pairs follow. */
static int header_read(struct toml *t, struct json_object *root, struct json_object **table)
{
	bool is_list = toml_starts(t, "[[");
	auto(keg_buf) key = { 0 };
	struct json_object *above = root, *found = NULL;

	t->at += is_list ? 2 : 1;
	if (path_read(t, &above, true, &key) < 0)
		return -KEG_ECORRUPT;
	if (!toml_starts(t, is_list ? "]]" : "]"))
		return toml_bad(t, "expected ']' after \"%s\"", keg_buf_text(&key));
	t->at += is_list ? 2 : 1;

	const char *name = keg_buf_text(&key);
	bool known = json_object_object_get_ex(above, name, &found);
	if (is_list) {
		if (!known) {
			found = json_object_new_array();
			json_object_object_add(above, name, found);
		} else if (!json_object_is_type(found, json_type_array) || is_closed(t, found)) {
			return toml_bad(t, "\"%s\" is not a list of tables", name);
		}
		*table = json_object_new_object();
		json_object_array_add(found, *table);
		return 0;
	}
	if (known && (!json_object_is_type(found, json_type_object) || is_closed(t, found)))
		return toml_bad(t, "table \"%s\" is set twice", name);
	if (!known) {
		found = json_object_new_object();
		json_object_object_add(above, name, found);
	}
	close_table(t, found);
	*table = found;
	return 0;
}

static int document_read(struct toml *t, struct json_object *root)
{
	struct json_object *table = root;

	for (;;) {
		if (skip_lines(t) < 0)
			return -KEG_ECORRUPT;
		if (t->at == t->end)
			return 0;
		int r = toml_peek(t) == '[' ? header_read(t, root, &table) : pair_read(t, table);
		if (r < 0 || expect_line_end(t) < 0)
			return -KEG_ECORRUPT;
	}
}

int keg_toml_parse(const char *text, size_t len, struct json_object **out, struct keg_err *err)
{
	struct toml t = { .at = text, .end = text + len, .line = 1, .err = err };

	if (!keg_str_is_utf8(text, len))
		return keg_fail(err, KEG_ECORRUPT, "not UTF-8");
	if (toml_starts(&t, "\xef\xbb\xbf"))
		t.at += 3;

	struct json_object *root = json_object_new_object();
	int r = document_read(&t, root);
	keg_arena_done(&t.arena);
	if (r < 0) {
		json_object_put(root);
		return r;
	}
	*out = root;
	return 0;
}
