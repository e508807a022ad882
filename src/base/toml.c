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
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

struct closed {
	struct json_object *table;
	struct closed *next;
};

struct toml {
	const char *at, *end;
	int line, depth;
	struct closed *closed;
	struct keg_arena arena;
	struct keg_err *err;
};

static int value_read(struct toml *t, struct json_object **out);

KEG_PRINTF(2, 3)
static int bad(struct toml *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = keg_vprintf(fmt, ap);
	va_end(ap);
	return keg_fail(t->err, KEG_ECORRUPT, "line %d: %s", t->line, text);
}

static char peek(const struct toml *t)
{
	return t->at < t->end ? *t->at : '\0';
}

static bool starts(const struct toml *t, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(t->end - t->at) >= len && memcmp(t->at, text, len) == 0;
}

static void skip_blanks(struct toml *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		t->at++;
}

static int skip_comment(struct toml *t)
{
	if (peek(t) != '#')
		return 0;
	for (; t->at < t->end && *t->at != '\n'; t->at++) {
		unsigned char c = (unsigned char)*t->at;

		if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
			return bad(t, "control character in a comment");
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
		if (starts(t, "\r\n"))
			t->at++;
		if (peek(t) != '\n')
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
	if (t->at == t->end || peek(t) == '\n' || starts(t, "\r\n"))
		return 0;
	return bad(t, "unexpected text after the value");
}

static void put_utf8(struct keg_buf *out, uint32_t c)
{
	if (c < 0x80) {
		keg_buf_putc(out, (char)c);
	} else if (c < 0x800) {
		keg_buf_putc(out, (char)(0xc0 | c >> 6));
		keg_buf_putc(out, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		keg_buf_putc(out, (char)(0xe0 | c >> 12));
		keg_buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
		keg_buf_putc(out, (char)(0x80 | (c & 63)));
	} else {
		keg_buf_putc(out, (char)(0xf0 | c >> 18));
		keg_buf_putc(out, (char)(0x80 | (c >> 12 & 63)));
		keg_buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
		keg_buf_putc(out, (char)(0x80 | (c & 63)));
	}
}

static int unicode_read(struct toml *t, int digits, struct keg_buf *out)
{
	uint32_t c = 0;

	for (int i = 0; i < digits; i++, t->at++) {
		char d = peek(t);

		if (!isxdigit((unsigned char)d))
			return bad(t, "malformed \\u escape");
		c = c << 4 | (uint32_t)(isdigit((unsigned char)d) ? d - '0' : (d | 32) - 'a' + 10);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return bad(t, "\\u escape names no character");
	put_utf8(out, c);
	return 0;
}

static int escape_read(struct toml *t, bool many, struct keg_buf *out)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	char c = peek(t);
	const char *known = c ? strchr(from, c) : NULL;

	t->at++;
	if (known) {
		keg_buf_putc(out, to[known - from]);
		return 0;
	}
	if (c == 'u' || c == 'U')
		return unicode_read(t, c == 'u' ? 4 : 8, out);
	if (many && (c == '\n' || c == ' ' || c == '\t' || c == '\r')) {
		/* A backslash at the end of a line joins it to the next text. */
		bool newline = false;

		for (t->at--; peek(t) && strchr(" \t\r\n", peek(t)); t->at++) {
			newline |= peek(t) == '\n';
			t->line += peek(t) == '\n';
		}
		return newline ? 0 : bad(t, "unknown escape");
	}
	return bad(t, "unknown escape");
}

static int string_read(struct toml *t, struct keg_buf *out)
{
	char quote = peek(t);
	const char triple[] = { quote, quote, quote, '\0' };
	bool many = starts(t, triple);

	t->at += many ? 3 : 1;
	if (many && starts(t, "\r\n"))
		t->at++;
	if (many && peek(t) == '\n') {
		t->at++;
		t->line++;
	}
	while (t->at < t->end) {
		unsigned char c = (unsigned char)*t->at;

		if (many ? starts(t, triple) : c == (unsigned char)quote) {
			t->at += many ? 3 : 1;
			/* Up to two quotes may stand right before the closing three. */
			for (int i = 0; many && i < 2 && peek(t) == quote; i++, t->at++)
				keg_buf_putc(out, quote);
			return 0;
		}
		t->at++;
		if (c == '\\' && quote == '"') {
			if (escape_read(t, many, out) < 0)
				return -KEG_ECORRUPT;
			continue;
		}
		if (c == '\n' && many)
			t->line++;
		else if ((c < ' ' && c != '\t' && !(many && c == '\r')) || c == 0x7f)
			return bad(t, "control character in a string");
		keg_buf_putc(out, (char)c);
	}
	return bad(t, "string does not end");
}

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static int key_read(struct toml *t, struct keg_buf *out)
{
	if (peek(t) == '"' || peek(t) == '\'') {
		const char triple[] = { peek(t), peek(t), peek(t), '\0' };

		return starts(t, triple) ? bad(t, "a key is on one line") : string_read(t, out);
	}
	while (t->at < t->end && is_bare(*t->at))
		keg_buf_putc(out, *t->at++);
	return out->len ? 0 : bad(t, "expected a key");
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
		return bad(t, "\"%s\" is not a table that can be extended", key);
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
		if (peek(t) != '.')
			return 0;
		if (parts >= KEG_JSON_DEPTH)
			return bad(t, "more than %d parts in a key", KEG_JSON_DEPTH);
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
	if (peek(t) != '=')
		return bad(t, "expected '=' after \"%s\"", keg_buf_text(&key));
	t->at++;
	skip_blanks(t);
	if (json_object_object_get_ex(table, keg_buf_text(&key), NULL))
		return bad(t, "\"%s\" is set twice", keg_buf_text(&key));
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
		if (peek(t) == ']')
			break;
		if (value_read(t, &item) < 0)
			return -KEG_ECORRUPT;
		json_object_array_add(list, item);
		if (skip_lines(t) < 0)
			return -KEG_ECORRUPT;
		if (peek(t) == ',')
			t->at++;
		else if (peek(t) != ']')
			return bad(t, "expected ',' or ']'");
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
	while (peek(t) != '}') {
		if (pair_read(t, table) < 0)
			return -KEG_ECORRUPT;
		skip_blanks(t);
		if (peek(t) == '}')
			break;
		if (peek(t) != ',')
			return bad(t, "expected ',' or '}'");
		t->at++;
		skip_blanks(t);
		if (peek(t) == '}')
			return bad(t, "an inline table does not end in ','");
	}
	t->at++;
	close_all(t, table);
	return 0;
}

static int prefixed_read(struct toml *t, const char *text, struct json_object **out)
{
	unsigned base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
	uint64_t value = 0;
	bool digit = false;

	for (const char *at = text + 2; *at; at++) {
		if (*at == '_' && digit && at[1]) {
			digit = false;
			continue;
		}
		unsigned d = isdigit((unsigned char)*at)    ? (unsigned)(*at - '0')
			     : isxdigit((unsigned char)*at) ? (unsigned)((*at | 32) - 'a' + 10)
							    : base;
		if (d >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, d, &value) || value > INT64_MAX)
			return bad(t, "\"%s\" is not a number", text);
		digit = true;
	}
	if (!digit)
		return bad(t, "\"%s\" is not a number", text);
	*out = json_object_new_int64((int64_t)value);
	return 0;
}

/* Is it digits with single underscores between them? Copies the digits only. */
static bool digits_copy(const char **at, struct keg_buf *out)
{
	const char *p = *at;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p) || (*p == '_' && isdigit((unsigned char)p[1])); p++) {
		if (*p != '_')
			keg_buf_putc(out, *p);
	}
	*at = p;
	return true;
}

static int decimal_read(struct toml *t, const char *text, struct json_object **out)
{
	auto(keg_buf) plain = { 0 };
	const char *at = text;
	bool is_float = false;

	if (*at == '-' || *at == '+')
		keg_buf_putc(&plain, *at++);
	const char *whole = at;
	if (strcmp(at, "inf") == 0 || strcmp(at, "nan") == 0) {
		double value = *at == 'i' ? (double)INFINITY : (double)NAN;

		*out = json_object_new_double(*text == '-' ? -value : value);
		return 0;
	}
	if (!digits_copy(&at, &plain) || (whole[0] == '0' && at - whole > 1))
		return bad(t, "\"%s\" is not a value", text);
	if (*at == '.') {
		is_float = true;
		keg_buf_putc(&plain, *at++);
		if (!digits_copy(&at, &plain))
			return bad(t, "\"%s\" is not a number", text);
	}
	if (*at == 'e' || *at == 'E') {
		is_float = true;
		keg_buf_putc(&plain, *at++);
		if (*at == '-' || *at == '+')
			keg_buf_putc(&plain, *at++);
		if (!digits_copy(&at, &plain))
			return bad(t, "\"%s\" is not a number", text);
	}
	if (*at)
		return bad(t, "\"%s\" is not a number", text);
	errno = 0;
	if (is_float) {
		*out = json_object_new_double(strtod(keg_buf_text(&plain), NULL));
		return 0;
	}
	int64_t value = strtoll(keg_buf_text(&plain), NULL, 10);
	if (errno)
		return bad(t, "\"%s\" is out of range", text);
	*out = json_object_new_int64(value);
	return 0;
}

/* 1979-05-27, 07:32:00, 1979-05-27T07:32:00Z and 1979-05-27 07:32:00+01:00 */
static bool is_date(const char *text)
{
	size_t len = strlen(text);

	return (len >= 10 && text[4] == '-' && text[7] == '-') ||
	       (len >= 8 && text[2] == ':' && text[5] == ':');
}

static int word_read(struct toml *t, struct json_object **out)
{
	auto(keg_buf) word = { 0 };

	while (t->at < t->end && (isalnum((unsigned char)*t->at) || strchr("+-._:", *t->at)) &&
	       *t->at)
		keg_buf_putc(&word, *t->at++);
	/* A date and its time may be parted by a space. */
	if (word.len == 10 && is_date(keg_buf_text(&word)) && peek(t) == ' ' &&
	    t->at + 1 < t->end && isdigit((unsigned char)t->at[1])) {
		keg_buf_putc(&word, *t->at++);
		while (t->at < t->end && *t->at &&
		       (isalnum((unsigned char)*t->at) || strchr("+-.:", *t->at)))
			keg_buf_putc(&word, *t->at++);
	}

	const char *text = keg_buf_text(&word);
	if (!*text)
		return bad(t, "expected a value");
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		*out = json_object_new_boolean(text[0] == 't');
		return 0;
	}
	if (isdigit((unsigned char)text[0]) && is_date(text)) {
		*out = json_object_new_string(text);
		return 0;
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o' || text[1] == 'b'))
		return prefixed_read(t, text, out);
	return decimal_read(t, text, out);
}

static int nested_read(struct toml *t, struct json_object **out)
{
	bool is_array = peek(t) == '[';
	struct json_object *value = is_array ? json_object_new_array() : json_object_new_object();
	int r;

	if (t->depth >= KEG_JSON_DEPTH) {
		json_object_put(value);
		return bad(t, "nested deeper than %d", KEG_JSON_DEPTH);
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
	char c = peek(t);

	if (c == '[' || c == '{')
		return nested_read(t, out);
	if (c != '"' && c != '\'')
		return word_read(t, out);

	auto(keg_buf) text = { 0 };
	if (string_read(t, &text) < 0)
		return -KEG_ECORRUPT;
	*out = json_object_new_string_len(keg_buf_text(&text), (int)text.len);
	return 0;
}

/* [a.b] or [[a.b]]: *table becomes the table whose pairs follow. */
static int header_read(struct toml *t, struct json_object *root, struct json_object **table)
{
	bool is_list = starts(t, "[[");
	auto(keg_buf) key = { 0 };
	struct json_object *above = root, *found = NULL;

	t->at += is_list ? 2 : 1;
	if (path_read(t, &above, true, &key) < 0)
		return -KEG_ECORRUPT;
	if (!starts(t, is_list ? "]]" : "]"))
		return bad(t, "expected ']' after \"%s\"", keg_buf_text(&key));
	t->at += is_list ? 2 : 1;

	const char *name = keg_buf_text(&key);
	bool known = json_object_object_get_ex(above, name, &found);
	if (is_list) {
		if (!known) {
			found = json_object_new_array();
			json_object_object_add(above, name, found);
		} else if (!json_object_is_type(found, json_type_array) || is_closed(t, found)) {
			return bad(t, "\"%s\" is not a list of tables", name);
		}
		*table = json_object_new_object();
		json_object_array_add(found, *table);
		return 0;
	}
	if (known && (!json_object_is_type(found, json_type_object) || is_closed(t, found)))
		return bad(t, "table \"%s\" is set twice", name);
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
		int r = peek(t) == '[' ? header_read(t, root, &table) : pair_read(t, table);
		if (r < 0 || expect_line_end(t) < 0)
			return -KEG_ECORRUPT;
	}
}

static bool is_utf8(const char *text, size_t len)
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

int keg_toml_parse(const char *text, size_t len, struct json_object **out, struct keg_err *err)
{
	struct toml t = { .at = text, .end = text + len, .line = 1, .err = err };

	if (!is_utf8(text, len))
		return keg_fail(err, KEG_ECORRUPT, "not UTF-8");
	if (starts(&t, "\xef\xbb\xbf"))
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
