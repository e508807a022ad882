/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/format.h"

/* Does the integer of `digits` digits at `at` exceed 64 bits? */
static bool is_huge(const char *at, size_t digits, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "18446744073709551615";
	size_t room = strlen(most);

	return digits > room || (digits == room && memcmp(at, most, room) > 0);
}

/*
 * What json-c lets pass though strict: text in single quotes, and integers over 64 bits,
 * which it silently makes the nearest number. Returns the offset of the first, or `len`.
 */
static size_t find_lenient(const char *text, size_t len)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"') {
			in_string = !in_string;
		} else if (in_string) {
			i += text[i] == '\\';
		} else if (text[i] == '\'') {
			return i;
		} else if (text[i] >= '0' && text[i] <= '9') {
			size_t start = i;

			while (i < len && text[i] >= '0' && text[i] <= '9')
				i++;
			bool whole = i == len || !strchr(".eE", text[i]) || !text[i];
			bool fraction = start > 0 && strchr(".eE+", text[start - 1]);
			if (whole && !fraction &&
			    is_huge(text + start, i - start, start > 0 && text[start - 1] == '-'))
				return start;
			i--;
		}
	}
	return len;
}

int keg_json_parse(const char *text, size_t len, struct json_object **out, struct keg_err *err)
{
	if (len > INT_MAX)
		return keg_fail(err, KEG_ECORRUPT, "JSON of %zu bytes is too long", len);
	size_t lenient = find_lenient(text, len);
	if (lenient < len)
		return keg_fail(err, KEG_ECORRUPT, "malformed JSON at byte %zu: %s", lenient,
				text[lenient] == '\'' ? "single quote" : "number is out of range");

	struct json_tokener *tok = json_tokener_new_ex(KEG_JSON_DEPTH);
	if (!tok)
		keg_out_of_memory();
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
					    JSON_TOKENER_ALLOW_TRAILING_CHARS);

	struct json_object *value = json_tokener_parse_ex(tok, text, (int)len);
	enum json_tokener_error why = json_tokener_get_error(tok);
	size_t end = json_tokener_get_parse_end(tok);
	/* A bare number or word ends only when something follows it. */
	if (!value && why == json_tokener_continue) {
		value = json_tokener_parse_ex(tok, "", 1);
		if (json_tokener_get_error(tok) == json_tokener_success)
			why = json_tokener_success;
	}
	json_tokener_free(tok);
	if (why == json_tokener_success) {
		while (end < len && (text[end] == ' ' || text[end] == '\n' || text[end] == '\t' ||
				     text[end] == '\r'))
			end++;
		if (end < len)
			why = json_tokener_error_parse_unexpected;
	}
	if (why != json_tokener_success) {
		json_object_put(value);
		return keg_fail(err, KEG_ECORRUPT, "malformed JSON at byte %zu: %s", end,
				why == json_tokener_continue ? "early end"
							     : json_tokener_error_desc(why));
	}
	*out = value;
	return 0;
}

int keg_json_read(int dirfd, const char *path, size_t most, struct json_object **out,
		  struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(dirfd, path, most, &text, err);

	if (r < 0)
		return r;
	if (keg_json_parse(keg_buf_text(&text), text.len, out, err) < 0)
		return keg_wrap(err, "%s", path);
	return 0;
}

struct json_object *keg_json_get(struct json_object *obj, const char *name)
{
	struct json_object *value = NULL;

	if (!obj || !json_object_is_type(obj, json_type_object))
		return NULL;
	return json_object_object_get_ex(obj, name, &value) ? value : NULL;
}

const char *keg_json_str(struct json_object *obj, const char *name, const char *fallback)
{
	struct json_object *value = keg_json_get(obj, name);

	return value && json_object_is_type(value, json_type_string) ? json_object_get_string(value)
								     : fallback;
}

int64_t keg_json_i64(struct json_object *obj, const char *name, int64_t fallback)
{
	struct json_object *value = keg_json_get(obj, name);

	return value && json_object_is_type(value, json_type_int) ? json_object_get_int64(value)
								  : fallback;
}

bool keg_json_bool(struct json_object *obj, const char *name, bool fallback)
{
	struct json_object *value = keg_json_get(obj, name);

	return value && json_object_is_type(value, json_type_boolean)
		       ? json_object_get_boolean(value)
		       : fallback;
}

static int write_i64(struct json_object *value, struct printbuf *out, int level, int flags)
{
	char text[24];

	(void)level;
	(void)flags;
	return printbuf_memappend(
		out, text, keg_format(text, sizeof text, "%" PRId64, json_object_get_int64(value)));
}

static int write_u64(struct json_object *value, struct printbuf *out, int level, int flags)
{
	char text[24];

	(void)level;
	(void)flags;
	return printbuf_memappend(
		out, text,
		keg_format(text, sizeof text, "%" PRIu64, json_object_get_uint64(value)));
}

struct json_object *keg_json_new_i64(int64_t value)
{
	struct json_object *number = json_object_new_int64(value);

	json_object_set_serializer(number, write_i64, NULL, NULL);
	return number;
}

struct json_object *keg_json_new_u64(uint64_t value)
{
	struct json_object *number = json_object_new_uint64(value);

	json_object_set_serializer(number, write_u64, NULL, NULL);
	return number;
}

void keg_json_names(struct json_object *obj, struct keg_strv *out)
{
	json_object_object_foreach(obj, name, value)
	{
		(void)value;
		keg_strv_add(out, name);
	}
	keg_strv_sort(out);
}

void keg_json_put_str(struct json_object *obj, const char *name, const char *text)
{
	if (text)
		json_object_object_add(obj, name, json_object_new_string(text));
}

struct json_object *keg_json_of_pairs(const struct keg_pair *pairs, size_t n)
{
	struct json_object *obj = json_object_new_object();

	for (size_t i = 0; i < n; i++)
		keg_json_put_str(obj, pairs[i].key, pairs[i].value);
	return obj;
}

void keg_json_print(struct json_object *value, struct keg_buf *out)
{
	size_t len;
	const char *text = json_object_to_json_string_length(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	keg_buf_add(out, text, len);
}

static void print_indented(struct json_object *value, int indent, int depth, struct keg_buf *out)
{
	enum json_type type = json_object_get_type(value);
	bool first = true;

	if (type == json_type_object && json_object_object_length(value) > 0) {
		keg_buf_putc(out, '{');
		json_object_object_foreach(value, name, member)
		{
			auto(keg_buf) quoted = { 0 };
			autojson key = json_object_new_string(name);

			keg_json_print(key, &quoted);
			keg_buf_printf(out, "%s\n%*s%s: ", first ? "" : ",", indent * (depth + 1),
				       "", keg_buf_text(&quoted));
			print_indented(member, indent, depth + 1, out);
			first = false;
		}
		keg_buf_printf(out, "\n%*s}", indent * depth, "");
		return;
	}
	if (type == json_type_array && json_object_array_length(value) > 0) {
		keg_buf_putc(out, '[');
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			keg_buf_printf(out, "%s\n%*s", i ? "," : "", indent * (depth + 1), "");
			print_indented(json_object_array_get_idx(value, i), indent, depth + 1, out);
		}
		keg_buf_printf(out, "\n%*s]", indent * depth, "");
		return;
	}
	keg_json_print(value, out);
}

void keg_json_print_pretty(struct json_object *value, struct keg_buf *out)
{
	enum { INDENT = 5 };

	print_indented(value, INDENT, 0, out);
}

void keg_json_print_indented(struct json_object *value, int indent, struct keg_buf *out)
{
	print_indented(value, indent, 0, out);
}
