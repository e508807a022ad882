/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmocka_keg.h"
#include "monitor/stamp.h"

static const char *at(const char *zone, struct stamp *stamp, time_t second, long nanos)
{
	setenv("TZ", zone, 1);
	tzset();
	return stamp_text(stamp, (struct timespec){ second, nanos });
}

static void nine_digits_and_the_offset_of_the_zone(void **state)
{
	struct stamp utc = { 0 }, east = { 0 }, west = { 0 };

	(void)state;
	assert_string_equal(at("UTC0", &utc, 1714564800, 5), "2024-05-01T12:00:00.000000005+00:00");
	assert_string_equal(at("XXX-5:30", &east, 1714564800, 0),
			    "2024-05-01T17:30:00.000000000+05:30");
	assert_string_equal(at("XXX3:30", &west, 1714564800, 999999999),
			    "2024-05-01T08:30:00.999999999-03:30");
}

static void the_offset_follows_a_change_of_the_clocks(void **state)
{
	struct stamp stamp = { 0 };

	(void)state;
	assert_string_equal(at("CET-1CEST,M3.5.0,M10.5.0/3", &stamp, 1711846799, 0),
			    "2024-03-31T01:59:59.000000000+01:00");
	assert_string_equal(at("CET-1CEST,M3.5.0,M10.5.0/3", &stamp, 1711846800, 0),
			    "2024-03-31T03:00:00.000000000+02:00");
}

static void a_clock_set_back_is_followed(void **state)
{
	struct stamp stamp = { 0 };

	(void)state;
	at("UTC0", &stamp, 1714564800, 0);
	assert_string_equal(at("UTC0", &stamp, 86399, 1), "1970-01-01T23:59:59.000000001+00:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nine_digits_and_the_offset_of_the_zone),
		cmocka_unit_test(the_offset_follows_a_change_of_the_clocks),
		cmocka_unit_test(a_clock_set_back_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
