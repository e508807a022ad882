/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mountinfo.h"

#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

static void a_line_gives_its_place_and_type(void **state)
{
	static const struct {
		const char *line, *place, *type;
	} table[] = {
		{ "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw", "/mnt2",
		  "ext3" },
		{ "36 35 0:5 / /proc rw shared:3 master:1 - proc proc rw\n", "/proc", "proc" },
		{ "36 35 0:5 / /a\\040b\\134\\011c rw - sysfs none rw", "/a b\\\tc", "sysfs" },
		{ "36 35 0:5 / /a\\04 rw - proc none rw", "/a\\04", "proc" },
		{ "36 35 0:5 / /a\\777 rw - proc", "/a\\777", "proc" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		autofree char *line = keg_strdup(table[i].line);
		char *place, *type;

		assert_true(mountinfo_parse(line, &place, &type));
		assert_string_equal(place, table[i].place);
		assert_string_equal(type, table[i].type);
	}
}

static void what_is_no_line_is_left_alone(void **state)
{
	static const char *const table[] = {
		"", " - ", "36 35 98:0 / - proc proc rw", "36 35 98:0 / /proc rw", "1 2 3 - 4 5 6",
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		autofree char *line = keg_strdup(table[i]);
		char *place, *type;

		assert_false(mountinfo_parse(line, &place, &type));
		assert_string_equal(line, table[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_gives_its_place_and_type),
		cmocka_unit_test(what_is_no_line_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
