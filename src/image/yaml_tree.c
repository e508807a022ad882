/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml gives events; a value is read by recursion, whose depth is bounded. An alias would
 * let a small file stand for a tree of any size, so there are none.
 */
#include "image/yaml_tree.h"

#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "base/json.h"

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	bool held;	    /* it is to be released */
};

static void reader_done(struct reader *in)
{
	if (in->held)
		yaml_event_delete(&in->event);
	yaml_parser_delete(&in->parser);
}
KEG_AUTO(reader, reader_done)

static int next(struct reader *in, struct keg_err *err)
{
	if (in->held)
		yaml_event_delete(&in->event);
	in->held = yaml_parser_parse(&in->parser, &in->event) != 0;
	if (in->held)
		return 0;
	return keg_fail(err, KEG_ECORRUPT, "line %zu: %s", in->parser.problem_mark.line + 1,
			in->parser.problem ? in->parser.problem : "malformed");
}

static int refuse(const struct reader *in, const char *what, struct keg_err *err)
{
	return keg_fail(err, KEG_ECORRUPT, "line %zu: %s", in->event.start_mark.line + 1, what);
}

static const char *scalar_text(const struct reader *in)
{
	return (const char *)in->event.data.scalar.value;
}

static bool is_null(const struct reader *in)
{
	const char *text = scalar_text(in);

	return in->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static int read_value(struct reader *in, int depth, struct json_object **out, struct keg_err *err);

static int read_list(struct reader *in, int depth, struct json_object *list, struct keg_err *err)
{
	for (;;) {
		struct json_object *value = NULL;

		int r = next(in, err);
		if (r < 0 || in->event.type == YAML_SEQUENCE_END_EVENT)
			return r;
		r = read_value(in, depth, &value, err);
		if (r < 0)
			return r;
		json_object_array_add(list, value);
	}
}

static int read_map(struct reader *in, int depth, struct json_object *map, struct keg_err *err)
{
	for (;;) {
		struct json_object *value = NULL;

		int r = next(in, err);
		if (r < 0 || in->event.type == YAML_MAPPING_END_EVENT)
			return r;
		if (in->event.type != YAML_SCALAR_EVENT)
			return refuse(in, "a key has to be plain text", err);
		if (strlen(scalar_text(in)) != in->event.data.scalar.length)
			return refuse(in, "a key with a zero byte", err);
		if (json_object_object_get_ex(map, scalar_text(in), NULL))
			return refuse(in, "the same key for the second time", err);

		autofree char *key = keg_strdup(scalar_text(in));
		r = next(in, err);
		if (r >= 0)
			r = read_value(in, depth, &value, err);
		if (r < 0)
			return r;
		json_object_object_add(map, key, value);
	}
}

/* The value that begins with the current event. */
static int read_value(struct reader *in, int depth, struct json_object **out, struct keg_err *err)
{
	autojson value = NULL;
	int r;

	if (depth >= KEG_JSON_DEPTH)
		return refuse(in, "nested too deeply", err);
	switch (in->event.type) {
	case YAML_SCALAR_EVENT:
		if (!is_null(in))
			value = json_object_new_string_len(scalar_text(in),
							   (int)in->event.data.scalar.length);
		r = 0;
		break;
	case YAML_SEQUENCE_START_EVENT:
		value = json_object_new_array();
		r = read_list(in, depth + 1, value, err);
		break;
	case YAML_MAPPING_START_EVENT:
		value = json_object_new_object();
		r = read_map(in, depth + 1, value, err);
		break;
	case YAML_ALIAS_EVENT:
		return refuse(in, "aliases are not supported", err);
	default:
		return refuse(in, "a value is missing", err);
	}
	if (r >= 0)
		*out = take_ptr(&value);
	return r;
}

/* Up to the first event of the document. */
static int start(struct reader *in, struct keg_err *err)
{
	int r;

	do
		r = next(in, err);
	while (r >= 0 && (in->event.type == YAML_STREAM_START_EVENT ||
			  in->event.type == YAML_DOCUMENT_START_EVENT));
	return r;
}

int yaml_tree_parse(const char *text, size_t len, struct json_object **out, struct keg_err *err)
{
	auto(reader) in = { 0 };
	autojson root = NULL;

	if (!yaml_parser_initialize(&in.parser))
		keg_out_of_memory();
	yaml_parser_set_input_string(&in.parser, (const unsigned char *)text, len);
	int r = start(&in, err);
	if (r >= 0 && in.event.type != YAML_STREAM_END_EVENT) {
		r = read_value(&in, 0, &root, err);
		if (r >= 0)
			r = next(&in, err); /* the end of the document */
		if (r >= 0)
			r = next(&in, err);
		if (r >= 0 && in.event.type != YAML_STREAM_END_EVENT)
			r = refuse(&in, "a second document", err);
	}
	if (r >= 0)
		*out = take_ptr(&root);
	return r;
}
