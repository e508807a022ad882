/* SPDX-License-Identifier: Apache-2.0 */
#include "image/semver.h"

#include "base/strv.h"

#include "cmocka_keg.h"

static bool within(const char *text, const char *tag)
{
	autoptr(semver_range) range = NULL;
	struct keg_err err;

	if (semver_range_parse(text, &range, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return semver_range_has(range, tag);
}

static void ranges_have_what_they_say(void **state)
{
	static const struct {
		const char *range, *yes, *no;
	} rows[] = {
		{ ">= 3.12.0", "3.12.0", "3.11.9" },
		{ ">=3.12", "v4", "3" },
		{ "=> 1.2", "1.2.0", "1.1.9" },
		{ "> 1.2.3", "1.2.4", "1.2.3" },
		{ "> 1", "2.0.0", "1.9.9" },
		{ "> 1.2", "1.3.0", "1.2.9" },
		{ "< 2", "1.99.99", "2.0.0" },
		{ "<= 2.1", "2.1.9", "2.2.0" },
		{ "=< 2.1.1", "2.1.1", "2.1.2" },
		{ "1.2.3", "1.2.3", "1.2.4" },
		{ "= 1.2", "1.2.7", "1.3.0" },
		{ "1.x", "1.9.0", "2.0.0" },
		{ "1.2.*", "1.2.9", "1.3.0" },
		{ "*", "7.1.2", "latest" },
		{ "!= 1.2.3", "1.2.4", "1.2.3" },
		{ "!= 1.x", "2.0.0", "1.5.0" },
		{ "~1.2.3", "1.2.9", "1.3.0" },
		{ "~> 1", "1.9.9", "2.0.0" },
		{ "^1.2.3", "1.9.0", "2.0.0" },
		{ "^0.2.3", "0.2.9", "0.3.0" },
		{ "^0.0.3", "0.0.3", "0.0.4" },
		{ "^0.0", "0.0.9", "0.1.0" },
		{ "^0", "0.9.0", "1.0.0" },
		{ "^1.2.3", "1.2.3", "1.2.2" },
		{ "1.2 - 1.4.5", "1.4.5", "1.4.6" },
		{ "1.2 - 2", "2.9.0", "3.0.0" },
		{ ">= 1, < 3", "2.0.0", "3.0.0" },
		{ ">= 1 < 3", "2.0.0", "0.9.0" },
		{ "< 1 || > 3.0.0", "4.0.0", "2.0.0" },
		{ "< 1 || > 3.0.0", "0.1.0", "1.0.0" },
		{ ">= 1.0.0", "1.0.0", "1.0.1-rc.1" },
		{ ">= 1.0.0-0", "1.0.1-rc.1", "0.9.0" },
		{ "< 1.0.0-rc.10", "1.0.0-rc.9", "1.0.0-rc.10" },
		{ "> 1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-1" },
		{ "> 1.0.0-rc", "1.0.0", "1.0.0-beta" },
		{ ">= 1", "1.2.3+build.5", "1.2.3-" },
		{ ">= 1", "1.2.3", "1.2.3.4" },
		{ ">= 1", "18446744073709551615.0.0", "18446744073709551616.0.0" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		if (!within(rows[i].range, rows[i].yes))
			fail_msg("%s has %s", rows[i].range, rows[i].yes);
		if (within(rows[i].range, rows[i].no))
			fail_msg("%s does not have %s", rows[i].range, rows[i].no);
	}
}

static void what_is_no_range_is_refused(void **state)
{
	static const char *const rows[] = { "",		  "latest", "> ",   "1.2.3.4",
					    "1..2",	  ">> 1",   "1 ||", "1.2.3-",
					    "1.2.3-a..b", "x.1",    "1;2",  ">=1<2" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		struct semver_range *range;
		struct keg_err err;

		if (semver_range_parse(rows[i], &range, &err) != -KEG_EUSAGE)
			fail_msg("%s is a range", rows[i]);
		assert_true(keg_str_starts(err.msg, "improper constraint: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_have_what_they_say),
		cmocka_unit_test(what_is_no_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
