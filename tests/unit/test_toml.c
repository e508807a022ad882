/* SPDX-License-Identifier: Apache-2.0 */
#include "base/toml.h"

#include <string.h>

#include "base/json.h"
#include "tests/unit/cmocka_keg.h"

static void documents_become_the_json_they_mean(void **state)
{
	static const char *const table[][2] = {
		{ "", "{}" },
		{ "# only a comment", "{}" },
		{ "a = 1\nb = -2 # c\n", "{\"a\":1,\"b\":-2}" },
		{ "a = 0x1f\nb = 0o17\nc = 0b101\nd = 1_000",
		  "{\"a\":31,\"b\":15,\"c\":5,\"d\":1000}" },
		{ "a = 1.5\nb = true\nc = false", "{\"a\":1.5,\"b\":true,\"c\":false}" },
		{ "a = \"x\\ty\\u00e4\"\nb = 'c:\\d'",
		  "{\"a\":\"x\\ty\xc3\xa4\",\"b\":\"c:\\\\d\"}" },
		{ "a = \"\"\"\none\ntwo \\\n   three\"\"\"", "{\"a\":\"one\\ntwo three\"}" },
		{ "a = '''\nraw\\n'''", "{\"a\":\"raw\\\\n\"}" },
		{ "a = \"\"\"x\"\"\"\"\"", "{\"a\":\"x\\\"\\\"\"}" },
		{ "a = [1, 2,\n  3, # last\n]\n", "{\"a\":[1,2,3]}" },
		{ "a = {b = 1, c.d = 'x'}", "{\"a\":{\"b\":1,\"c\":{\"d\":\"x\"}}}" },
		{ "[t]\na = 1\n[t.u]\nb = 2\n[\"q.r\"]\nc = 3",
		  "{\"t\":{\"a\":1,\"u\":{\"b\":2}},\"q.r\":{\"c\":3}}" },
		{ "[[l]]\na = 1\n[[l]]\na = 2\n[l.m]\nb = 3",
		  "{\"l\":[{\"a\":1},{\"a\":2,\"m\":{\"b\":3}}]}" },
		{ "a.b.c = 1\na.b.d = 2", "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}" },
		{ "d = 1979-05-27T07:32:00Z\ne = 1979-05-27 07:32:00\n",
		  "{\"d\":\"1979-05-27T07:32:00Z\",\"e\":\"1979-05-27 07:32:00\"}" },
		{ "[x.y]\n[x]\na=1", "{\"x\":{\"y\":{},\"a\":1}}" },
		{ "a = 1\r\nb = 2\r\n", "{\"a\":1,\"b\":2}" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_buf) out = { 0 };
		autojson value = NULL;
		struct keg_err err;

		if (keg_toml_parse(table[i][0], strlen(table[i][0]), &value, &err) < 0)
			fail_msg("%s: %s", table[i][0], err.msg);
		keg_json_print(value, &out);
		assert_string_equal(keg_buf_text(&out), table[i][1]);
	}
}

static void mistakes_name_their_line(void **state)
{
	static const char *const table[][2] = {
		{ "a", "line 1: expected '=' after \"a\"" },
		{ "a = \n", "line 1: expected a value" },
		{ "\na = 1 b = 2", "line 2: unexpected text after the value" },
		{ "a = 1\na = 2", "line 2: \"a\" is set twice" },
		{ "[t]\n[t]", "line 2: table \"t\" is set twice" },
		{ "a = {b = 1}\n[a.c]\nd = 1", NULL },
		{ "a = [1]\n[[a]]", "line 2: \"a\" is not a list of tables" },
		{ "a = 'x", "line 1: string does not end" },
		{ "a = \"\\q\"", "line 1: unknown escape" },
		{ "a = \"\\ud800\"", "line 1: \\u escape names no character" },
		{ "a = 01", "line 1: \"01\" is not a value" },
		{ "a = 9223372036854775808", "line 1: \"9223372036854775808\" is out of range" },
		{ "a = 1__0", "line 1: \"1__0\" is not a number" },
		{ "a = {b = 1,}", "line 1: an inline table does not end in ','" },
		{ "[a", "line 1: expected ']' after \"a\"" },
		{ "a = [1 2]", "line 1: expected ',' or ']'" },
		{ "a = \"x\001\"", "line 1: control character in a string" },
		{ "a = \"\xff\"", "not UTF-8" },
		{ "= 1", "line 1: expected a key" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		autojson value = NULL;
		struct keg_err err;

		if (!table[i][1])
			continue;
		if (keg_toml_parse(table[i][0], strlen(table[i][0]), &value, &err) >= 0)
			fail_msg("accepted: %s", table[i][0]);
		assert_string_equal(err.msg, table[i][1]);
	}
}

static void depth_is_limited(void **state)
{
	char deep[4 + 1000 + 1] = "a = ";
	autojson value = NULL;
	struct keg_err err;

	(void)state;
	memset(deep + 4, '[', 1000);
	assert_int_equal(keg_toml_parse(deep, sizeof deep - 1, &value, &err), -KEG_ECORRUPT);
	assert_string_equal(err.msg, "line 1: nested deeper than 64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_become_the_json_they_mean),
		cmocka_unit_test(mistakes_name_their_line),
		cmocka_unit_test(depth_is_limited),
	};

	return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
