/* SPDX-License-Identifier: Apache-2.0 */
/* Over a folder with the files of a machine that has all of it. */
#include "runtime/stats_rdt.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/cmocka_keg.h"

static void put(int root, const char *path, const char *text)
{
	struct keg_err err;
	autofree char *above = keg_path_dir(path);

	assert_int_equal(keg_mkdirs(root, above, 0755, &err), 0);
	assert_int_equal(keg_file_write(root, path, text, strlen(text), 0644, 0, &err), 0);
}

static void figures_are_those_of_the_group_that_counts(void **state)
{
	static const char *const files[][2] = {
		{ "schemata", "    L3:0=7ff\n    MB:0=100\n" },
		{ "info/L3/cbm_mask", "7ff\n" },
		{ "info/L3/min_cbm_bits", "1\n" },
		{ "info/L3/num_closids", "16\n" },
		{ "info/MB/bandwidth_gran", "10\n" },
		{ "info/MB/min_bandwidth", "10\n" },
		{ "info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n" },
		{ "g/schemata", "L3:0=f\nMB:0=50\n" },
		{ "g/mon_groups/c/mon_data/mon_L3_00/llc_occupancy", "4096\n" },
		{ "g/mon_groups/c/mon_data/mon_L3_00/mbm_total_bytes", "7\n" },
		{ "g/mon_groups/c/mon_data/mon_L3_00/mbm_local_bytes", "5\n" },
	};
	char dir[] = "/tmp/keg-stats-rdt-XXXXXX";
	struct keg_err err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	autofd int root = keg_open_at(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0, &err);
	assert_true(root >= 0);
	for (size_t i = 0; i < KEG_COUNT(files); i++)
		put(root, files[i][0], files[i][1]);
	autojson doc = stats_rdt(root, "g", "c");
	assert_int_equal(keg_remove_tree(AT_FDCWD, dir, &err), 0);
	assert_string_equal(
		json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN),
		"{\"l3_cache_info\":{\"cbm_mask\":\"7ff\",\"min_cbm_bits\":1,\"num_closids\":16},"
		"\"l3_cache_schema_root\":\"L3:0=7ff\",\"l3_cache_schema\":\"L3:0=f\","
		"\"mem_bw_info\":{\"bandwidth_gran\":10,\"min_bandwidth\":10},"
		"\"mem_bw_schema_root\":\"MB:0=100\",\"mem_bw_schema\":\"MB:0=50\","
		"\"schemata\":[\"L3:0=f\",\"MB:0=50\"],"
		"\"mbm_stats\":[{\"mbm_total_bytes\":7,\"mbm_local_bytes\":5}],"
		"\"cmt_stats\":[{\"llc_occupancy\":4096}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_those_of_the_group_that_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
