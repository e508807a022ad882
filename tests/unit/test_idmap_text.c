/* SPDX-License-Identifier: Apache-2.0 */
#include "os/idmap_text.h"

#include "tests/unit/cmocka_keg.h"

enum { MOST = 4 };

static void lines_of_proc_are_read_and_others_passed_over(void **state)
{
	struct idmap_range r[MOST];
	const char *text =
		"         0       1000          1\n1 100000 65536\nx 1 2\n1 2\n5 6 7 8\n";

	(void)state;
	assert_int_equal(idmap_text_parse(text, r, MOST), 3);
	assert_int_equal(r[0].outside, 1000);
	assert_int_equal(r[1].count, 65536);
	assert_int_equal(idmap_text_parse(text, r, 1), 1);
	assert_int_equal(idmap_text_parse("", r, MOST), 0);
}

static void ranges_of_a_user_follow_one_another_inside(void **state)
{
	struct idmap_range r[MOST];
	const char *text = "other:1:5\nme:100000:65536\n1000:300000:10\nme:5:0\nme:5\n10001:7:7\n";

	(void)state;
	assert_int_equal(idmap_text_parse_sub(text, "me", 1000, 1, r, MOST), 2);
	assert_int_equal(r[0].inside, 1);
	assert_int_equal(r[1].inside, 65537);
	assert_int_equal(r[1].outside, 300000);
}

static void what_leaves_32_bits_is_passed_over(void **state)
{
	struct idmap_range r[MOST];

	(void)state;
	assert_int_equal(idmap_text_parse_sub("me:4294967290:10\n", "me", 0, 1, r, MOST), 0);
	assert_int_equal(idmap_text_parse_sub("me:1:4294967294\nme:1:2\n", "me", 0, 1, r, MOST), 1);
	assert_int_equal(idmap_text_parse_sub("me:1:4294967296\nme:-1:2\n", "me", 0, 1, r, MOST),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_proc_are_read_and_others_passed_over),
		cmocka_unit_test(ranges_of_a_user_follow_one_another_inside),
		cmocka_unit_test(what_leaves_32_bits_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
