/* SPDX-License-Identifier: Apache-2.0 */
/* Structs from JSON and back, by the tables that json.h describes. */
#include <limits.h>
#include <string.h>

#include "base/json.h"

static int wrong_type(struct keg_err *err, const struct keg_json_field *row, const char *want)
{
	return keg_fail(err, KEG_ECORRUPT, "%s: not %s", row->name, want);
}

/* An integer in [low, high]; json-c holds what exceeds INT64_MAX as uint64. */
static int get_integer(struct json_object *value, const struct keg_json_field *row, int64_t low,
		       uint64_t high, int64_t *out, struct keg_err *err)
{
	if (!json_object_is_type(value, json_type_int))
		return wrong_type(err, row, "a whole number");

	int64_t number = json_object_get_int64(value);
	uint64_t wide = json_object_get_uint64(value);
	if (number < 0 ? number < low : wide > high)
		return wrong_type(err, row, "in range");
	*out = number < 0 ? number : (int64_t)wide;
	return 0;
}

struct range {
	int64_t low;
	uint64_t high;
};

static struct range range_of(enum keg_json_kind kind)
{
	switch (kind) {
	case KEG_JSON_INT:
	case KEG_JSON_INT_PTR:
		return (struct range){ INT_MIN, INT_MAX };
	case KEG_JSON_U32:
	case KEG_JSON_U32_PTR:
	case KEG_JSON_U32V:
		return (struct range){ 0, UINT32_MAX };
	case KEG_JSON_U64:
	case KEG_JSON_U64_PTR:
		return (struct range){ 0, UINT64_MAX };
	default:
		return (struct range){ INT64_MIN, INT64_MAX };
	}
}

static int decode_number(struct json_object *value, const struct keg_json_field *row, void *field,
			 struct keg_arena *arena, struct keg_err *err)
{
	struct range range = range_of(row->kind);
	int64_t number = 0;
	int r = get_integer(value, row, range.low, range.high, &number, err);

	if (r < 0)
		return r;
	switch (row->kind) {
	case KEG_JSON_INT:
		*(int *)field = (int)number;
		break;
	case KEG_JSON_U32:
		*(uint32_t *)field = (uint32_t)number;
		break;
	case KEG_JSON_I64:
		*(int64_t *)field = number;
		break;
	case KEG_JSON_U64:
		*(uint64_t *)field = (uint64_t)number;
		break;
	case KEG_JSON_INT_PTR: {
		int *at = keg_arena_alloc(arena, 1, sizeof *at);

		*at = (int)number;
		*(const int **)field = at;
		break;
	}
	case KEG_JSON_U32_PTR: {
		uint32_t *at = keg_arena_alloc(arena, 1, sizeof *at);

		*at = (uint32_t)number;
		*(const uint32_t **)field = at;
		break;
	}
	case KEG_JSON_I64_PTR:
	case KEG_JSON_U64_PTR: {
		int64_t *at = keg_arena_alloc(arena, 1, sizeof *at);

		*at = number;
		*(const int64_t **)field = at;
		break;
	}
	default:
		keg_bug("not a number's kind");
	}
	return 0;
}

static int decode_strv(struct json_object *value, const struct keg_json_field *row, void *field,
		       size_t *count, struct keg_arena *arena, struct keg_err *err)
{
	if (!json_object_is_type(value, json_type_array))
		return wrong_type(err, row, "a list of strings");

	size_t n = json_object_array_length(value);
	const char **list = keg_arena_alloc(arena, n + 1, sizeof *list);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (!item || !json_object_is_type(item, json_type_string))
			return wrong_type(err, row, "a list of strings");
		list[i] = keg_arena_strdup(arena, json_object_get_string(item));
	}
	*(const char ***)field = list;
	*count = n;
	return 0;
}

static int decode_u32v(struct json_object *value, const struct keg_json_field *row, void *field,
		       size_t *count, struct keg_arena *arena, struct keg_err *err)
{
	if (!json_object_is_type(value, json_type_array))
		return wrong_type(err, row, "a list of numbers");

	size_t n = json_object_array_length(value);
	uint32_t *list = keg_arena_alloc(arena, n + 1, sizeof *list);
	for (size_t i = 0; i < n; i++) {
		int64_t number = 0;
		int r = get_integer(json_object_array_get_idx(value, i), row, 0, UINT32_MAX,
				    &number, err);

		if (r < 0)
			return r;
		list[i] = (uint32_t)number;
	}
	*(uint32_t **)field = list;
	*count = n;
	return 0;
}

static int decode_map(struct json_object *value, const struct keg_json_field *row, void *field,
		      size_t *count, struct keg_arena *arena, struct keg_err *err)
{
	if (!json_object_is_type(value, json_type_object))
		return wrong_type(err, row, "an object");

	size_t n = (size_t)json_object_object_length(value), i = 0;
	struct keg_pair *pairs = keg_arena_alloc(arena, n + 1, sizeof *pairs);
	const char **keys = keg_arena_alloc(arena, n + 1, sizeof *keys);
	json_object_object_foreach(value, name, member)
	{
		keys[i] = pairs[i].key = keg_arena_strdup(arena, name);
		if (row->kind == KEG_JSON_MAP) {
			if (!member || !json_object_is_type(member, json_type_string))
				return wrong_type(err, row, "an object of strings");
			pairs[i].value = keg_arena_strdup(arena, json_object_get_string(member));
		}
		i++;
	}
	if (row->kind == KEG_JSON_MAP)
		*(struct keg_pair **)field = pairs;
	else
		*(const char ***)field = keys;
	*count = n;
	return 0;
}

static int decode_object(struct json_object *value, const struct keg_json_field *row, void *field,
			 struct keg_arena *arena, struct keg_err *err)
{
	void *inner = keg_arena_alloc(arena, 1, row->inner_size);

	if (keg_json_decode(value, row->inner, inner, arena, err) < 0)
		return keg_wrap(err, "%s", row->name);
	*(void **)field = inner;
	return 0;
}

static int decode_objects(struct json_object *value, const struct keg_json_field *row, void *field,
			  size_t *count, struct keg_arena *arena, struct keg_err *err)
{
	if (!json_object_is_type(value, json_type_array))
		return wrong_type(err, row, "a list");

	size_t n = json_object_array_length(value);
	char *list = keg_arena_alloc(arena, n + 1, row->inner_size);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (keg_json_decode(item, row->inner, list + i * row->inner_size, arena, err) < 0)
			return keg_wrap(err, "%s[%zu]", row->name, i);
	}
	*(void **)field = list;
	*count = n;
	return 0;
}

static void put_reference(void *value)
{
	json_object_put(value);
}

static int decode_row(struct json_object *value, const struct keg_json_field *row, void *out,
		      struct keg_arena *arena, struct keg_err *err)
{
	void *field = (char *)out + row->at;
	size_t *count =
		(size_t *)(void *)((char *)out + row->count_at); /* of the list kinds only */

	switch (row->kind) {
	case KEG_JSON_BOOL:
	case KEG_JSON_BOOL_PTR: {
		if (!json_object_is_type(value, json_type_boolean))
			return wrong_type(err, row, "true or false");
		bool truth = json_object_get_boolean(value);
		if (row->kind == KEG_JSON_BOOL) {
			*(bool *)field = truth;
			return 0;
		}
		bool *at = keg_arena_alloc(arena, 1, sizeof *at);
		*at = truth;
		*(const bool **)field = at;
		return 0;
	}
	case KEG_JSON_STR:
		if (!json_object_is_type(value, json_type_string))
			return wrong_type(err, row, "a string");
		if (strlen(json_object_get_string(value)) !=
		    (size_t)json_object_get_string_len(value))
			return wrong_type(err, row, "a string without NUL");
		*(const char **)field = keg_arena_strdup(arena, json_object_get_string(value));
		return 0;
	case KEG_JSON_STRV:
		return decode_strv(value, row, field, count, arena, err);
	case KEG_JSON_U32V:
		return decode_u32v(value, row, field, count, arena, err);
	case KEG_JSON_MAP:
	case KEG_JSON_KEYS:
		return decode_map(value, row, field, count, arena, err);
	case KEG_JSON_OBJ:
		return decode_object(value, row, field, arena, err);
	case KEG_JSON_OBJV:
		return decode_objects(value, row, field, count, arena, err);
	case KEG_JSON_RAW:
		*(struct json_object **)field = json_object_get(value);
		keg_arena_defer(arena, put_reference, value);
		return 0;
	default:
		return decode_number(value, row, field, arena, err);
	}
}

int keg_json_decode(struct json_object *obj, const struct keg_json_field *rows, void *out,
		    struct keg_arena *arena, struct keg_err *err)
{
	if (!obj || !json_object_is_type(obj, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "not an object");
	for (const struct keg_json_field *row = rows; row->kind; row++) {
		struct json_object *value = keg_json_get(obj, row->name);

		if (!value && (row->flags & KEG_JSON_REQUIRED))
			return keg_fail(err, KEG_ECORRUPT, "%s: missing", row->name);
		int r = value ? decode_row(value, row, out, arena, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static struct json_object *encode_list(const struct keg_json_field *row, const void *field,
				       size_t n)
{
	struct json_object *list = json_object_new_array_ext((int)n);

	for (size_t i = 0; i < n; i++) {
		struct json_object *item;

		if (row->kind == KEG_JSON_STRV)
			item = json_object_new_string((*(const char *const *const *)field)[i]);
		else if (row->kind == KEG_JSON_U32V)
			item = keg_json_new_i64((*(const uint32_t *const *)field)[i]);
		else
			item = keg_json_encode(row->inner,
					       *(const char *const *)field + i * row->inner_size);
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *encode_map(const struct keg_json_field *row, const void *field, size_t n)
{
	struct json_object *map = json_object_new_object();

	for (size_t i = 0; i < n; i++) {
		if (row->kind == KEG_JSON_MAP) {
			const struct keg_pair *pair = *(const struct keg_pair *const *)field + i;

			json_object_object_add(
				map, pair->key,
				json_object_new_string(pair->value ? pair->value : ""));
		} else {
			json_object_object_add(map, (*(const char *const *const *)field)[i],
					       json_object_new_object());
		}
	}
	return map;
}

/* The field's JSON, or NULL when it is empty and need not be written. */
static struct json_object *encode_row(const struct keg_json_field *row, const void *in)
{
	const void *field = (const char *)in + row->at;
	size_t count = row->count_at
			       ? *(const size_t *)(const void *)((const char *)in + row->count_at)
			       : 0;
	bool always = row->flags & (KEG_JSON_ALWAYS | KEG_JSON_REQUIRED);
	const void *pointer;

	switch (row->kind) {
	case KEG_JSON_BOOL:
		return *(const bool *)field || always
			       ? json_object_new_boolean(*(const bool *)field)
			       : NULL;
	case KEG_JSON_INT:
		return *(const int *)field || always ? keg_json_new_i64(*(const int *)field) : NULL;
	case KEG_JSON_U32:
		return *(const uint32_t *)field || always
			       ? keg_json_new_i64(*(const uint32_t *)field)
			       : NULL;
	case KEG_JSON_I64:
		return *(const int64_t *)field || always ? keg_json_new_i64(*(const int64_t *)field)
							 : NULL;
	case KEG_JSON_U64:
		return *(const uint64_t *)field || always
			       ? keg_json_new_u64(*(const uint64_t *)field)
			       : NULL;
	case KEG_JSON_STRV:
	case KEG_JSON_U32V:
	case KEG_JSON_OBJV:
		return count || always ? encode_list(row, field, count) : NULL;
	case KEG_JSON_MAP:
	case KEG_JSON_KEYS:
		return count || always ? encode_map(row, field, count) : NULL;
	default:
		break;
	}

	pointer = *(const void *const *)field;
	if (!pointer)
		return always && row->kind == KEG_JSON_STR ? json_object_new_string("") : NULL;
	switch (row->kind) {
	case KEG_JSON_BOOL_PTR:
		return json_object_new_boolean(*(const bool *)pointer);
	case KEG_JSON_INT_PTR:
		return keg_json_new_i64(*(const int *)pointer);
	case KEG_JSON_U32_PTR:
		return keg_json_new_i64(*(const uint32_t *)pointer);
	case KEG_JSON_I64_PTR:
		return keg_json_new_i64(*(const int64_t *)pointer);
	case KEG_JSON_U64_PTR:
		return keg_json_new_u64(*(const uint64_t *)pointer);
	case KEG_JSON_STR:
		return *(const char *)pointer || always ? json_object_new_string(pointer) : NULL;
	case KEG_JSON_OBJ:
		return keg_json_encode(row->inner, pointer);
	case KEG_JSON_RAW:
		return json_object_get(*(struct json_object *const *)field);
	default:
		keg_bug("no such kind of JSON field");
	}
}

struct json_object *keg_json_encode(const struct keg_json_field *rows, const void *in)
{
	struct json_object *obj = json_object_new_object();

	for (const struct keg_json_field *row = rows; row->kind; row++) {
		struct json_object *value = encode_row(row, in);

		if (value)
			json_object_object_add(obj, row->name, value);
	}
	return obj;
}
