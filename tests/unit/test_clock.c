/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

static void instants_go_both_ways(void **state)
{
	static const char *const texts[] = {
		"1970-01-01T00:00:00Z", "2024-02-29T23:59:59.5Z", "2026-11-21T00:00:00.123456789Z",
		"1969-12-31T23:59:59Z", "2000-02-29T00:00:00Z",	  "2100-03-01T00:00:00Z",
		"1900-02-28T12:34:56Z"
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		struct timespec t;
		struct keg_err err;

		assert_int_equal(keg_time_parse(texts[i], &t, &err), 0);
		autofree char *back = keg_time_format(t);
		assert_string_equal(back, texts[i]);
	}
}

static void offsets_are_taken_off(void **state)
{
	struct timespec t;
	struct keg_err err;

	(void)state;
	assert_int_equal(keg_time_parse("1970-01-01T02:30:00+02:30", &t, &err), 0);
	assert_int_equal(t.tv_sec, 0);
	assert_int_equal(keg_time_parse("1969-12-31T23:00:00.25-01:00", &t, &err), 0);
	assert_int_equal(t.tv_sec, 0);
	assert_int_equal(t.tv_nsec, 250000000);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "now",
					   "2024-01-01",
					   "2024-01-01T00:00:00",
					   "2024-01-01T00:00:00Zx",
					   "2024-01-01T00:00:00+1:00" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(bad); i++) {
		struct timespec t;
		struct keg_err err;

		assert_int_equal(keg_time_parse(bad[i], &t, &err), -KEG_EUSAGE);
	}
}

static void durations_read_as_people_say_them(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} table[] = {
		{ 0, "Less than a second" },  { 1, "1 second" },
		{ 59, "59 seconds" },	      { 60, "About a minute" },
		{ 150, "2 minutes" },	      { 3600, "About an hour" },
		{ 7200, "2 hours" },	      { 3 * 86400, "3 days" },
		{ 21 * 86400, "3 weeks" },    { 90 * 86400, "3 months" },
		{ 800LL * 86400, "2 years" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		autofree char *text = keg_duration_human(table[i].seconds);

		assert_string_equal(text, table[i].text);
	}
}

static void go_durations_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} table[] = {
		{ "10", 10000000000 },	{ "1h30m", 5400000000000 }, { "250ms", 250000000 },
		{ "1.5s", 1500000000 }, { "-5s", -5000000000 },	    { "10us", 10000 },
	};
	static const char *const bad[] = { "", "s", "1x", "1h x", "1.2.3s", "5 s" };
	struct keg_err err;
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		assert_int_equal(keg_duration_parse(table[i].text, &ns, &err), 0);
		assert_true(ns == table[i].ns);
	}
	for (size_t i = 0; i < KEG_COUNT(bad); i++)
		assert_int_equal(keg_duration_parse(bad[i], &ns, &err), -KEG_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instants_go_both_ways),
		cmocka_unit_test(offsets_are_taken_off),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(durations_read_as_people_say_them),
		cmocka_unit_test(go_durations_are_read),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
