/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_strict.h"

#include <string.h>

#include "cmocka_keg.h"

static int parse(const char *text, struct keg_err *err)
{
	autojson value = NULL;

	return keg_json_parse_strict(text, strlen(text), &value, err);
}

static void a_name_that_comes_twice_is_an_error(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{ "{\"a\":1,\"a\":1}", "\"a\"" },
		{ "{\"a\":1,\"\\u0061\":2}", "\"a\"" },
		{ "[{\"x\":{\"b\":[],\"b\" : {}}}]", "\"b\"" },
		{ "{\"\":1,\"\":2}", "\"\"" },
	};
	struct keg_err err;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		assert_int_equal(parse(rows[i].text, &err), -KEG_ECORRUPT);
		assert_non_null(strstr(err.msg, "Duplicate key"));
		assert_non_null(strstr(err.msg, rows[i].name));
	}
}

static void the_same_name_in_two_objects_is_fine(void **state)
{
	static const char *const rows[] = { "{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":\"a\"}",
					    "[\"a\",\"a\"]", "\"{\\\"a\\\":\"", "1" };
	struct keg_err err;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		if (parse(rows[i], &err) < 0)
			fail_msg("%s: %s", rows[i], err.msg);
	}
}

struct inner {
	const char *text;
};
struct outer {
	struct inner *inner;
	int number;
};
static const struct keg_json_field inner_rows[] = {
	JSON_STR("text", struct inner, text, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field outer_rows[] = {
	JSON_OBJ("inner", struct outer, inner, 0, inner, inner_rows),
	JSON_INT("number", struct outer, number, 0),
	JSON_END,
};

static void a_member_that_no_row_names_is_an_error(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "{\"number\":1,\"other\":2}", "Unknown key \"other\"" },
		{ "{\"inner\":{\"text\":\"a\",\"Text\":\"a\"}}", "inner: Unknown key \"Text\"" },
		{ "[]", "JSON object expected" },
		{ "{\"inner\":{}}", "text: missing" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		autojson value = NULL;
		auto(keg_arena) arena = { 0 };
		struct outer out = { 0 };
		struct keg_err err;

		assert_int_equal(
			keg_json_parse_strict(rows[i].text, strlen(rows[i].text), &value, &err), 0);
		assert_int_equal(keg_json_decode_strict(value, outer_rows, &out, &arena, &err),
				 -KEG_ECORRUPT);
		if (!strstr(err.msg, rows[i].says))
			fail_msg("%s", err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_comes_twice_is_an_error),
		cmocka_unit_test(the_same_name_in_two_objects_is_fine),
		cmocka_unit_test(a_member_that_no_row_names_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
