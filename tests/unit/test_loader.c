/* SPDX-License-Identifier: Apache-2.0 */
/* loader: what it gives back is no longer resident, and works all the same. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "os/loader.h"
#include "tests/unit/cmocka_keg.h"

/* Kilobytes resident of a library's code, all of which is fetched first if so asked. */
static unsigned long resident(const char *library, bool fetch)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long from, to, sum = 0, size;
	bool is_code = false;
	char line[4096];

	assert_non_null(maps);
	while (fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			is_code = strstr(line, " r-xp ") && strstr(line, library);
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

static void the_loader_is_given_back(void **state)
{
	(void)state;
	(void)resident("/ld-", true);
	unsigned long before = resident("/ld-", false);
	unsigned long code = resident("/libc.so", true);
	loader_give_back(false);
	assert_in_range(resident("/ld-", false), 0, before - 1);
	assert_in_range(resident("/libc.so", false), code, ULONG_MAX);
}

static void the_code_of_libraries_is_given_back_on_request(void **state)
{
	(void)state;
	(void)resident("/libc.so", true);
	unsigned long before = resident("/libc.so", false);
	loader_give_back(true);
	assert_in_range(resident("/libc.so", false), 1, before - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loader_is_given_back),
		cmocka_unit_test(the_code_of_libraries_is_given_back_on_request),
	};

	return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
