/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/yaml.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

/* Would a YAML reader take the plain text for something else than this text? */
static bool needs_quotes(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on",
					     "off",  "null",  "~",   "y",  "n" };
	size_t len = strlen(text);

	if (len == 0 || isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1]))
		return true;
	if (strchr("-?:,[]{}#&*!|>'\"%@`=", text[0]) || strstr(text, ": ") || strstr(text, " #") ||
	    text[len - 1] == ':')
		return true;
	for (size_t i = 0; i < KEG_COUNT(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	/* Anything made of digits, signs and points may be a number, a date or a time. */
	return text[strspn(text, "0123456789.+-_:eExX")] == '\0' && strpbrk(text, "0123456789");
}

static void print_text(const char *text, int depth, struct keg_buf *out)
{
	if (strchr(text, '\n')) {
		keg_buf_puts(out, text[strlen(text) - 1] == '\n' ? "|" : "|-");
		while (*text) {
			size_t len = strcspn(text, "\n");

			keg_buf_printf(out, "\n%*s%.*s", 2 * depth, "", (int)len, text);
			text += len + (text[len] == '\n');
		}
		return;
	}
	if (!needs_quotes(text)) {
		keg_buf_puts(out, text);
		return;
	}
	char quote = isdigit((unsigned char)text[0]) ? '"' : '\'';
	keg_buf_putc(out, quote);
	for (; *text; text++) {
		if (*text == '\'' && quote == '\'')
			keg_buf_putc(out, '\'');
		keg_buf_putc(out, *text);
	}
	keg_buf_putc(out, quote);
}

static void print_value(struct json_object *value, int depth, bool in_list, struct keg_buf *out);

static void print_members(struct json_object *value, int depth, bool in_list, struct keg_buf *out)
{
	bool first = true;

	json_object_object_foreach(value, name, member)
	{
		if (!first || !in_list)
			keg_buf_printf(out, "%s%*s", out->len ? "\n" : "", 2 * depth, "");
		print_text(name, depth, out);
		keg_buf_putc(out, ':');
		print_value(member, depth, false, out);
		first = false;
	}
}

static void print_value(struct json_object *value, int depth, bool in_list, struct keg_buf *out)
{
	enum json_type type = json_object_get_type(value);

	if (type == json_type_object && json_object_object_length(value) > 0) {
		print_members(value, depth + 1, in_list, out);
		return;
	}
	if (type == json_type_array && json_object_array_length(value) > 0) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			keg_buf_printf(out, "\n%*s- ", 2 * depth, "");
			print_value(json_object_array_get_idx(value, i), depth, true, out);
		}
		return;
	}
	if (!in_list)
		keg_buf_putc(out, ' ');
	if (type == json_type_string)
		print_text(json_object_get_string(value), depth + 1, out);
	else
		keg_json_print(value, out);
}

void cli_yaml_print(struct json_object *value, struct keg_buf *out)
{
	if (json_object_is_type(value, json_type_object) && json_object_object_length(value) > 0)
		print_members(value, 0, false, out);
	else
		print_value(value, 0, true, out);
	keg_buf_putc(out, '\n');
}
