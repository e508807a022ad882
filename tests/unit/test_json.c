/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

struct inner {
	const char *name;
	int64_t soft;
};

struct outer {
	bool on;
	const bool *maybe;
	int small;
	uint32_t word;
	uint64_t big;
	const int64_t *limit;
	const char *text;
	const char **list;
	size_t n_list;
	uint32_t *gids;
	size_t n_gids;
	struct keg_pair *map;
	size_t n_map;
	const char **keys;
	size_t n_keys;
	struct inner *one;
	struct inner *many;
	size_t n_many;
	struct json_object *raw;
};

static const struct keg_json_field inner_rows[] = {
	JSON_STR("name", struct inner, name, KEG_JSON_REQUIRED),
	JSON_I64("soft", struct inner, soft, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field outer_rows[] = {
	JSON_BOOL("on", struct outer, on, 0),
	JSON_BOOL_PTR("maybe", struct outer, maybe, 0),
	JSON_INT("small", struct outer, small, 0),
	JSON_U32("word", struct outer, word, 0),
	JSON_U64("big", struct outer, big, 0),
	JSON_I64_PTR("limit", struct outer, limit, 0),
	JSON_STR("text", struct outer, text, 0),
	JSON_STRV("list", struct outer, list, 0),
	JSON_U32V("gids", struct outer, gids, 0),
	JSON_MAP("map", struct outer, map, 0),
	JSON_KEYS("keys", struct outer, keys, 0),
	JSON_OBJ("one", struct outer, one, 0, inner, inner_rows),
	JSON_OBJV("many", struct outer, many, 0, inner, inner_rows),
	JSON_RAW("raw", struct outer, raw, 0),
	JSON_END,
};

static int decode(const char *text, struct outer *out, struct keg_arena *arena, struct keg_err *err)
{
	autojson value = NULL;
	int r = keg_json_parse(text, strlen(text), &value, err);

	*out = (struct outer){ 0 };
	return r < 0 ? r : keg_json_decode(value, outer_rows, out, arena, err);
}

static void a_table_decodes_and_encodes_the_same_document(void **state)
{
	static const char text[] =
		"{\"on\":true,\"maybe\":false,\"small\":-3,\"word\":4294967295,"
		"\"big\":18446744073709551615,\"limit\":-1,\"text\":\"a/b\",\"list\":[\"x\",\"y\"],"
		"\"gids\":[0,65537],\"map\":{\"k\":\"v\"},\"keys\":{\"80/tcp\":{}},"
		"\"one\":{\"name\":\"n\",\"soft\":0},\"many\":[{\"name\":\"m\",\"soft\":5}],"
		"\"raw\":{\"any\":[1,null]}}";
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) out = { 0 };
	struct keg_err err;
	struct outer o;

	(void)state;
	assert_int_equal(decode(text, &o, &arena, &err), 0);
	assert_true(o.on && o.maybe && !*o.maybe);
	assert_true(o.big == UINT64_MAX && *o.limit == -1);
	assert_null(o.list[2]);
	assert_string_equal(o.many[0].name, "m");
	autojson back = keg_json_encode(outer_rows, &o);
	keg_json_print(back, &out);
	assert_string_equal(keg_buf_text(&out), text);
}

static void absent_and_null_leave_zero(void **state)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) out = { 0 };
	struct keg_err err;
	struct outer o;

	(void)state;
	assert_int_equal(decode("{\"text\":null,\"one\":null,\"unknown\":{}}", &o, &arena, &err),
			 0);
	assert_null(o.text);
	assert_null(o.one);
	autojson back = keg_json_encode(outer_rows, &o);
	keg_json_print(back, &out);
	assert_string_equal(keg_buf_text(&out), "{}");
}

static void a_wrong_member_is_named_with_its_path(void **state)
{
	static const char *const table[][2] = {
		{ "{\"on\":1}", "on: not true or false" },
		{ "{\"small\":2147483648}", "small: not in range" },
		{ "{\"word\":-1}", "word: not in range" },
		{ "{\"big\":18446744073709551616}",
		  "malformed JSON at byte 7: number is out of range" },
		{ "{\"limit\":-9223372036854775809}",
		  "malformed JSON at byte 10: number is out of range" },
		{ "{\"big\":1.5}", "big: not a whole number" },
		{ "{\"limit\":9223372036854775808}", "limit: not in range" },
		{ "{\"text\":7}", "text: not a string" },
		{ "{\"text\":\"a\\u0000b\"}", "text: not a string without NUL" },
		{ "{\"list\":[\"a\",null]}", "list: not a list of strings" },
		{ "{\"map\":{\"a\":1}}", "map: not an object of strings" },
		{ "{\"one\":{}}", "one: name: missing" },
		{ "{\"many\":[{\"name\":\"x\"},{\"name\":[]}]}", "many[1]: name: not a string" },
		{ "{\"many\":{}}", "many: not a list" },
		{ "[]", "not an object" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_arena) arena = { 0 };
		struct keg_err err;
		struct outer o;

		assert_int_equal(decode(table[i][0], &o, &arena, &err), -KEG_ECORRUPT);
		assert_string_equal(err.msg, table[i][1]);
	}
}

static void malformed_text_is_refused(void **state)
{
	static const char *const bad[] = {
		"",    "{",	"{\"a\":}",  "{'a':1}", "[1,]", "{\"a\":1}x", "\"\xff\"",
		"nul", "[1 2]", "{\"a\" 1}", "\"a",	"01x",	"// c\n{}",
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(bad); i++) {
		struct json_object *value = NULL;
		struct keg_err err;

		if (keg_json_parse(bad[i], strlen(bad[i]), &value, &err) != -KEG_ECORRUPT)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void bare_values_and_space_around_are_fine(void **state)
{
	static const char *const good[] = { " {} \n", "7", "true", "null", "\"x\"", "[[]]" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(good); i++) {
		autojson value = NULL;
		struct keg_err err;

		if (keg_json_parse(good[i], strlen(good[i]), &value, &err) < 0)
			fail_msg("refused: %s: %s", good[i], err.msg);
	}
}

static void depth_is_limited(void **state)
{
	char deep[2 * 1000 + 1];
	struct json_object *value = NULL;
	struct keg_err err;

	(void)state;
	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	assert_int_equal(keg_json_parse(deep, 2000, &value, &err), -KEG_ECORRUPT);
}

static void printing_indents_as_the_peers_do(void **state)
{
	static const char text[] = "{\"a\":[1,\"x/y\"],\"b\":{},\"c\":[]}";
	auto(keg_buf) out = { 0 };
	autojson value = NULL;
	struct keg_err err;

	(void)state;
	assert_int_equal(keg_json_parse(text, sizeof text - 1, &value, &err), 0);
	keg_json_print_indented(value, 4, &out);
	assert_string_equal(keg_buf_text(&out),
			    "{\n    \"a\": [\n        1,\n        \"x/y\"\n    ],\n"
			    "    \"b\": {},\n    \"c\": []\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_decodes_and_encodes_the_same_document),
		cmocka_unit_test(absent_and_null_leave_zero),
		cmocka_unit_test(a_wrong_member_is_named_with_its_path),
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(bare_values_and_space_around_are_fine),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(printing_indents_as_the_peers_do),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
