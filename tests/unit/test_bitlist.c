/* SPDX-License-Identifier: Apache-2.0 */
#include "os/bitlist.h"

#include "tests/unit/cmocka_keg.h"

static void a_list_has_its_numbers_and_ranges(void **state)
{
	auto(keg_buf) text = { 0 };
	struct bitlist list;
	struct keg_err err;

	(void)state;
	assert_int_equal(bitlist_parse("0-3,7,64", &list, &err), 0);
	assert_int_equal(bitlist_count(&list), 6);
	bitlist_format_mask(&list, &text);
	assert_string_equal(text.data, "0x1000000000000008f");
}

static void the_empty_text_is_the_empty_set(void **state)
{
	auto(keg_buf) text = { 0 };
	struct bitlist list;
	struct keg_err err;

	(void)state;
	assert_int_equal(bitlist_parse("", &list, &err), 0);
	assert_int_equal(bitlist_count(&list), 0);
	bitlist_format_mask(&list, &text);
	assert_string_equal(text.data, "0x0");
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const bad[] = { ",", "1,",  "1-", "-1", "3-1",	   "1 2",
					   "a", "1;2", "+1", " 1", "0-9876543210", "8192" };
	struct bitlist list;
	struct keg_err err;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(bad); i++)
		assert_int_equal(bitlist_parse(bad[i], &list, &err), -KEG_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_its_numbers_and_ranges),
		cmocka_unit_test(the_empty_text_is_the_empty_set),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
