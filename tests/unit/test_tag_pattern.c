/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tag_pattern.h"

#include "cmocka_keg.h"

static bool matches(const char *text, const char *tag)
{
	autoptr(tag_pattern) pattern = NULL;
	struct keg_err err;

	if (tag_pattern_parse(text, &pattern, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return tag_pattern_matches(pattern, tag);
}

static void patterns_match_what_they_say(void **state)
{
	static const struct {
		const char *pattern, *yes, *no;
	} rows[] = {
		{ "^1\\.13\\.[12]-alpine-perl$", "1.13.2-alpine-perl", "1.13.3-alpine-perl" },
		{ "^\\d+\\.\\d{2}$", "3.12", "3.x1" },
		{ "^v?[\\d.]+$", "v1.2", "v1.2-rc" },
		{ "^\\D+$", "latest", "v1" },
		{ "^\\w+$", "a_1", "a-1" },
		{ "^(?:a|b)+?$", "abba", "abc" },
		{ "^[a-c\\.]*?x$", "a.x", "d.x" },
		{ "lat", "the-latest", "1" },
		{ "^[^\\d]$", "x", "1" },
		{ "^[]a]$", "]", "b" },
		{ "", "anything", NULL },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		if (!matches(rows[i].pattern, rows[i].yes))
			fail_msg("%s matches %s", rows[i].pattern, rows[i].yes);
		if (rows[i].no && matches(rows[i].pattern, rows[i].no))
			fail_msg("%s does not match %s", rows[i].pattern, rows[i].no);
	}
}

static void what_would_mean_something_else_is_refused(void **state)
{
	static const char *const rows[] = { "a++",     "a*{2}",	   "a+?+", "(",	   "[a",
					    "(?i)x",   "(?P<n>a)", "\\bx", "\\pL", "[[:alpha:]]",
					    "[a\\-z]", "x\\",	   "\\1",  "[\\^]" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		struct tag_pattern *pattern;
		struct keg_err err;

		if (tag_pattern_parse(rows[i], &pattern, &err) != -KEG_EUSAGE)
			fail_msg("%s is taken", rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_what_they_say),
		cmocka_unit_test(what_would_mean_something_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
