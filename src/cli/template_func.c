/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of Go's text/template that make sense on JSON, and the peers' own. */
#include <ctype.h>
#include <string.h>

#include "base/strv.h"
#include "cli/template_ast.h"

bool template_truth(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		return json_object_get_boolean(value);
	case json_type_int:
		return json_object_get_int64(value) != 0;
	case json_type_double:
		return json_object_get_double(value) < 0 || json_object_get_double(value) > 0;
	case json_type_string:
		return json_object_get_string_len(value) > 0;
	case json_type_array:
		return json_object_array_length(value) > 0;
	case json_type_object:
		return json_object_object_length(value) > 0;
	default:
		return false;
	}
}

static int bad(const struct template_call *call, const char *why)
{
	return keg_fail(call->err, KEG_EUSAGE, "template: error calling %s: %s", call->name, why);
}

static int give(const struct template_call *call, struct json_object *value,
		struct json_object **out)
{
	*out = template_keep(call->arena, value);
	return 0;
}

static int give_buf(const struct template_call *call, const struct keg_buf *text,
		    struct json_object **out)
{
	return give(call, json_object_new_string_len(keg_buf_text(text), (int)text->len), out);
}

static char *text_of(struct json_object *value)
{
	struct keg_buf text = { 0 };

	cli_value_print(value, &text);
	return keg_buf_take(&text);
}

static int do_json(const struct template_call *call, struct json_object **out)
{
	auto(keg_buf) text = { 0 };

	if (call->n != 1)
		return bad(call, "wants one argument");
	keg_json_print(call->args[0], &text);
	return give_buf(call, &text, out);
}

static int do_case(const struct template_call *call, struct json_object **out)
{
	if (call->n != 1)
		return bad(call, "wants one argument");

	autofree char *text = text_of(call->args[0]);
	bool start = true;
	for (char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (call->name[0] == 'u' || (call->name[0] == 't' && start))
			*at = (char)toupper(c);
		else if (call->name[0] == 'l')
			*at = (char)tolower(c);
		start = isspace(c);
	}
	return give(call, json_object_new_string(text), out);
}

static int do_join(const struct template_call *call, struct json_object **out)
{
	auto(keg_buf) text = { 0 };

	if (call->n != 2 || !json_object_is_type(call->args[0], json_type_array))
		return bad(call, "wants a list and a separator");
	for (size_t i = 0; i < json_object_array_length(call->args[0]); i++) {
		if (i > 0)
			cli_value_print(call->args[1], &text);
		cli_value_print(json_object_array_get_idx(call->args[0], i), &text);
	}
	return give_buf(call, &text, out);
}

static int do_split(const struct template_call *call, struct json_object **out)
{
	if (call->n != 2)
		return bad(call, "wants a text and a separator");

	autofree char *text = text_of(call->args[0]), *sep = text_of(call->args[1]);
	struct json_object *list = json_object_new_array();
	const char *at = text;
	for (const char *end; *sep && (end = strstr(at, sep)); at = end + strlen(sep))
		json_object_array_add(list, json_object_new_string_len(at, (int)(end - at)));
	json_object_array_add(list, json_object_new_string(at));
	return give(call, list, out);
}

static int do_print(const struct template_call *call, struct json_object **out)
{
	auto(keg_buf) text = { 0 };
	bool line = strcmp(call->name, "println") == 0;

	for (size_t i = 0; i < call->n; i++) {
		if (i > 0 && line)
			keg_buf_putc(&text, ' ');
		cli_value_print(call->args[i], &text);
	}
	if (line)
		keg_buf_putc(&text, '\n');
	return give_buf(call, &text, out);
}

/* One directive, from its '%'; flags and width go to the C library, the value is ours. */
static int print_directive(const struct template_call *call, const char **format,
			   struct json_object *value, struct keg_buf *out)
{
	enum { MAX_WIDTH = 1000 };
	const char *at = *format + 1;
	bool left = false, zero = false;
	int width = 0, precision = -1;

	for (; *at == '-' || *at == '0' || *at == '+' || *at == ' ' || *at == '#'; at++) {
		left |= *at == '-';
		zero |= *at == '0';
	}
	for (; isdigit((unsigned char)*at) && width < MAX_WIDTH; at++)
		width = width * 10 + *at - '0';
	if (*at == '.') {
		precision = 0;
		for (at++; isdigit((unsigned char)*at) && precision < MAX_WIDTH; at++)
			precision = precision * 10 + *at - '0';
	}
	*format = at + (*at != '\0');

	auto(keg_buf) text = { 0 };
	if (*at == 'q') {
		autofree char *plain = text_of(value); /* of nil as well */
		autojson quoted = json_object_new_string(plain);

		keg_json_print(quoted, &text);
	} else if (*at == 'f' || *at == 'e' || *at == 'g') {
		keg_buf_printf(&text, "%.*f", precision < 0 ? 6 : precision,
			       json_object_get_double(value));
	} else if (*at == 'x') {
		keg_buf_printf(&text, "%jx", (intmax_t)json_object_get_int64(value));
	} else if (*at && strchr("svdt", *at)) {
		cli_value_print(value, &text);
		if (*at == 's' && precision >= 0 && (size_t)precision < text.len)
			keg_buf_cut(&text, (size_t)precision);
	} else {
		return bad(call, "unknown directive");
	}
	int pad = width > (int)text.len ? width - (int)text.len : 0;
	for (int i = 0; i < pad && !left; i++)
		keg_buf_putc(out, zero ? '0' : ' ');
	keg_buf_add(out, keg_buf_text(&text), text.len);
	for (int i = 0; i < pad && left; i++)
		keg_buf_putc(out, ' ');
	return 0;
}

static int do_printf(const struct template_call *call, struct json_object **out)
{
	auto(keg_buf) text = { 0 };
	size_t used = 1;

	if (call->n < 1 || !json_object_is_type(call->args[0], json_type_string))
		return bad(call, "wants a format");
	for (const char *at = json_object_get_string(call->args[0]); *at;) {
		if (*at != '%' || at[1] == '%') {
			keg_buf_putc(&text, *at);
			at += *at == '%' ? 2 : 1;
			continue;
		}
		if (used >= call->n)
			return bad(call, "too few arguments");
		if (print_directive(call, &at, call->args[used++], &text) < 0)
			return -KEG_EUSAGE;
	}
	return give_buf(call, &text, out);
}

static int do_len(const struct template_call *call, struct json_object **out)
{
	struct json_object *value = call->n == 1 ? call->args[0] : NULL;
	size_t len;

	if (json_object_is_type(value, json_type_array))
		len = json_object_array_length(value);
	else if (json_object_is_type(value, json_type_object))
		len = (size_t)json_object_object_length(value);
	else if (json_object_is_type(value, json_type_string))
		len = (size_t)json_object_get_string_len(value);
	else
		return bad(call, "value has no length");
	return give(call, json_object_new_int64((int64_t)len), out);
}

static int do_index(const struct template_call *call, struct json_object **out)
{
	struct json_object *value = call->n > 0 ? call->args[0] : NULL;

	for (size_t i = 1; i < call->n; i++) {
		struct json_object *key = call->args[i];

		if (json_object_is_type(value, json_type_array) &&
		    json_object_is_type(key, json_type_int)) {
			int64_t at = json_object_get_int64(key);

			if (at < 0 || (size_t)at >= json_object_array_length(value))
				return bad(call, "index out of range");
			value = json_object_array_get_idx(value, (size_t)at);
		} else if (json_object_is_type(value, json_type_object) &&
			   json_object_is_type(key, json_type_string)) {
			value = keg_json_get(value, json_object_get_string(key));
			if (!value) {
				*out = template_keep(call->arena, json_object_new_string(""));
				return 0;
			}
		} else {
			return bad(call, "can't index that");
		}
	}
	*out = value;
	return 0;
}

static int do_slice(const struct template_call *call, struct json_object **out)
{
	if (call->n < 1 || call->n > 3 || !json_object_is_type(call->args[0], json_type_string))
		return bad(call, "wants a text and one or two positions");

	const char *text = json_object_get_string(call->args[0]);
	int64_t len = json_object_get_string_len(call->args[0]);
	int64_t from = call->n > 1 ? json_object_get_int64(call->args[1]) : 0;
	int64_t to = call->n > 2 ? json_object_get_int64(call->args[2]) : len;
	if (from < 0 || to > len || from > to)
		return bad(call, "index out of range");
	return give(call, json_object_new_string_len(text + from, (int)(to - from)), out);
}

static int do_truncate(const struct template_call *call, struct json_object **out)
{
	if (call->n != 2)
		return bad(call, "wants a text and a length");

	autofree char *text = text_of(call->args[0]);
	int64_t most = json_object_get_int64(call->args[1]);
	if (most >= 0 && (size_t)most < strlen(text))
		text[most] = '\0';
	return give(call, json_object_new_string(text), out);
}

static int do_pad(const struct template_call *call, struct json_object **out)
{
	enum { MAX_PAD = 1000 };

	if (call->n != 3)
		return bad(call, "wants a text and two widths");
	autofree char *text = text_of(call->args[0]);
	int64_t before = json_object_get_int64(call->args[1]);
	int64_t after = json_object_get_int64(call->args[2]);
	if (before < 0 || after < 0 || before > MAX_PAD || after > MAX_PAD)
		return bad(call, "width out of range");
	auto(keg_buf) padded = { 0 };
	keg_buf_printf(&padded, "%*s%s%*s", (int)before, "", text, (int)after, "");
	return give_buf(call, &padded, out);
}

static bool is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	       json_object_is_type(value, json_type_double);
}

/* -1, 0, 1; values of different kinds cannot be compared. */
static int compare(const struct template_call *call, struct json_object *a, struct json_object *b,
		   int *order)
{
	if (is_number(a) && is_number(b)) {
		double x = json_object_get_double(a), y = json_object_get_double(b);

		*order = x < y ? -1 : x > y;
		return 0;
	}
	if (json_object_get_type(a) != json_object_get_type(b))
		return bad(call, "incompatible types for comparison");
	if (json_object_is_type(a, json_type_string))
		*order = strcmp(json_object_get_string(a), json_object_get_string(b));
	else
		*order = !json_object_equal(a, b);
	return 0;
}

static int do_compare(const struct template_call *call, struct json_object **out)
{
	int order = 0;
	bool is_eq = strcmp(call->name, "eq") == 0, truth = false;

	if (call->n < 2 || (call->n > 2 && !is_eq))
		return bad(call, "wrong number of arguments");
	for (size_t i = 1; i < call->n && !truth; i++) {
		if (compare(call, call->args[0], call->args[i], &order) < 0)
			return -KEG_EUSAGE;
		switch (call->name[0] << 8 | call->name[1]) {
		case 'e' << 8 | 'q':
			truth = order == 0;
			break;
		case 'n' << 8 | 'e':
			truth = order != 0;
			break;
		case 'l' << 8 | 't':
			truth = order < 0;
			break;
		case 'l' << 8 | 'e':
			truth = order <= 0;
			break;
		case 'g' << 8 | 't':
			truth = order > 0;
			break;
		default:
			truth = order >= 0;
			break;
		}
	}
	return give(call, json_object_new_boolean(truth), out);
}

static int do_logic(const struct template_call *call, struct json_object **out)
{
	if (call->n < 1)
		return bad(call, "wants an argument");
	if (strcmp(call->name, "not") == 0)
		return give(call, json_object_new_boolean(!template_truth(call->args[0])), out);

	bool stop_at = strcmp(call->name, "or") == 0;
	for (size_t i = 0; i < call->n; i++) {
		*out = call->args[i];
		if (template_truth(*out) == stop_at)
			break;
	}
	return 0;
}

static const struct function {
	const char *name;
	int (*call)(const struct template_call *call, struct json_object **out);
} functions[] = {
	{ "and", do_logic },	     { "eq", do_compare },    { "ge", do_compare },
	{ "gt", do_compare },	     { "index", do_index },   { "join", do_join },
	{ "json", do_json },	     { "le", do_compare },    { "len", do_len },
	{ "lower", do_case },	     { "lt", do_compare },    { "ne", do_compare },
	{ "not", do_logic },	     { "or", do_logic },      { "pad", do_pad },
	{ "print", do_print },	     { "printf", do_printf }, { "println", do_print },
	{ "slice", do_slice },	     { "split", do_split },   { "title", do_case },
	{ "truncate", do_truncate }, { "upper", do_case },
};

static const struct function *find(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(functions); i++) {
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	}
	return NULL;
}

bool template_is_function(const char *name)
{
	return find(name) != NULL;
}

int template_call(const struct template_call *call, struct json_object **out)
{
	const struct function *f = find(call->name);

	return f ? f->call(call, out) : bad(call, "not defined");
}
