/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_keg.h"
#include "monitor/ctl.h"
#include "monitor/protocol.h"

static void sizes_are_read_and_more_words_ignored(void **state)
{
	static const char *const lines[] = { "1 24 80", "1 0024 0080", "1  24\t80", "1 24 80 7" };
	struct ctl_request r;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		assert_true(ctl_parse(lines[i], false, &r));
		assert_int_equal(r.verb, MONITOR_CTL_RESIZE);
		assert_int_equal(r.height, 24);
		assert_int_equal(r.width, 80);
	}
	assert_true(ctl_parse("24 80", true, &r));
	assert_int_equal(r.height, 24);
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const lines[] = { "",
					     "1",
					     "1 2",
					     "foo",
					     "999 2 2",
					     "0 2 2",
					     "1 -1 -1",
					     "1 10.5 20.3",
					     "1 0x1 2",
					     "1 1001 1000",
					     "1 99999999999999999999 1" };
	struct ctl_request r;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_false(ctl_parse(lines[i], false, &r));
}

static void reopening_needs_no_size(void **state)
{
	struct ctl_request r;

	(void)state;
	assert_true(ctl_parse("2", false, &r));
	assert_int_equal(r.verb, MONITOR_CTL_REOPEN);
	assert_true(ctl_parse("2 0 0", false, &r));
	assert_int_equal(r.verb, MONITOR_CTL_REOPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read_and_more_words_ignored),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(reopening_needs_no_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
