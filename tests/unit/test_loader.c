/* SPDX-License-Identifier: Apache-2.0 */
/* loader: what it gives back is no longer resident, and works all the same. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "os/loader.h"
#include "tests/unit/cmocka_keg.h"

/* Kilobytes resident of the C library's code, all of which is fetched first if so asked. */
static unsigned long resident(bool fetch)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long from, to, sum = 0, size;
	bool is_code = false;
	char line[4096];

	assert_non_null(maps);
	while (fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			is_code = strstr(line, " r-xp ") && strstr(line, "/libc.so");
			if (is_code && fetch)
				assert_int_equal(
					madvise((void *)from, to - from, MADV_POPULATE_READ), 0);
		} else if (is_code && sscanf(line, "Rss: %lu", &size) == 1) {
			sum += size;
		}
	}
	fclose(maps);
	return sum;
}

static void what_starting_took_is_given_back(void **state)
{
	(void)state;
	(void)resident(true);
	unsigned long before = resident(false);
	loader_give_back();
	assert_in_range(resident(false), 1, before - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_starting_took_is_given_back),
	};

	return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
