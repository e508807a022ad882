/* SPDX-License-Identifier: Apache-2.0 */
/* Names of units, properties of limits and of annotations: all that needs no systemd to talk to. */
#include <string.h>

#include "base/mem.h"
#include "os/cgroup_manager.h"
#include "os/cgroup_systemd.h"
#include "tests/unit/cmocka_keg.h"

static const struct systemd_property *find(const struct unit_properties *list, const char *name)
{
	for (size_t i = list->n; i > 0; i--) {
		if (strcmp(list->v[i - 1].name, name) == 0)
			return &list->v[i - 1];
	}
	return NULL;
}

static void expect_number(const struct unit_properties *list, const char *name, uint64_t value)
{
	const struct systemd_property *p = find(list, name);

	if (!p)
		fail_msg("no property %s", name);
	else
		assert_int_equal(p->number, value);
}

static void a_path_names_the_unit_and_its_slice(void **state)
{
	static const struct {
		const char *path, *name, *slice;
	} rows[] = {
		{ "", "kegrun-x.scope", NULL },
		{ NULL, "kegrun-x.scope", NULL },
		{ "machine.slice:libpod:abc", "libpod-abc.scope", "machine.slice" },
		{ ":libpod:abc", "libpod-abc.scope", NULL },
		{ "a-b.slice::abc", "abc.scope", "a-b.slice" },
		{ "-.slice:p:n", "p-n.scope", "-.slice" },
		{ "a.slice:p:pod.slice", "pod.slice", "a.slice" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		auto(keg_arena) arena = { 0 };
		struct keg_err err = { 0 };
		const char *name, *slice;

		if (cgroup_systemd.name(rows[i].path, "x", &name, &slice, &arena, &err) < 0)
			fail_msg("%s: %s", rows[i].path, err.msg);
		assert_string_equal(name, rows[i].name);
		if (rows[i].slice)
			assert_string_equal(slice, rows[i].slice);
		else
			assert_null(slice);
	}
}

static void a_path_of_another_form_is_refused(void **state)
{
	static const char *const rows[] = { "/a/b",
					    "a",
					    "a.slice:b",
					    "a.slice:b:c:d",
					    "a.slice:b:",
					    "a:b:c",
					    "a--b.slice:b:c",
					    "-a.slice:b:c",
					    "a-.slice:b:c",
					    "a/b.slice:b:c",
					    "a.slice:b:c/d",
					    ".slice:b:c",
					    "a.slice:b:-.slice:",
					    "a.slice:b:c--d.slice" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		auto(keg_arena) arena = { 0 };
		struct keg_err err = { 0 };
		const char *name, *slice;

		if (cgroup_systemd.name(rows[i], "x", &name, &slice, &arena, &err) != -KEG_EUSAGE)
			fail_msg("%s is accepted", rows[i]);
	}
}

static void a_quota_is_rounded_up_to_a_hundredth(void **state)
{
	(void)state;
	assert_int_equal(unit_quota_round(0, 0), 0);
	assert_int_equal(unit_quota_round(-1, 100000), -1);
	assert_int_equal(unit_quota_round(50000, 100000), 50000);
	assert_int_equal(unit_quota_round(3333, 0), 4000);
	assert_int_equal(unit_quota_round(30001, 100000), 31000);
	assert_int_equal(unit_quota_round(500000, 1000000), 500000);
	assert_int_equal(unit_quota_round(INT64_MAX / 2, 1), INT64_MAX / 2);
}

static void limits_become_the_properties_of_their_version(void **state)
{
	static const int64_t memory = 1 << 25, low = 1 << 24, swap = 1 << 26, pids = 0,
			     quota = 3333;
	static const uint64_t shares = 1024, period = 100000;
	static const uint32_t weight = 750;
	const struct cgroup_resources limits = {
		.memory = { .limit = &memory, .reservation = &low, .swap = &swap },
		.cpu = { .shares = &shares, .quota = &quota, .period = &period, .cpus = "0-2,9" },
		.pids_limit = &pids,
		.io.weight = &weight,
	};
	auto(unit_properties) v2 = { 0 };
	auto(unit_properties) v1 = { 0 };
	auto(unit_properties) old = { 0 };
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(unit_properties_of_limits(&v2, &limits, true, 252, &err), 0);
	expect_number(&v2, "MemoryMax", 1 << 25);
	expect_number(&v2, "MemoryLow", 1 << 24);
	expect_number(&v2, "MemorySwapMax", 1 << 25);
	expect_number(&v2, "CPUWeight", 100);
	expect_number(&v2, "CPUQuotaPeriodUSec", 100000);
	expect_number(&v2, "CPUQuotaPerSecUSec", 40000);
	expect_number(&v2, "TasksMax", 1);
	expect_number(&v2, "IOWeight", 7475);
	const struct systemd_property *cpus = find(&v2, "AllowedCPUs");
	assert_non_null(cpus);
	assert_int_equal(cpus->n, 2);
	assert_memory_equal(cpus->bytes, "\007\002", 2);

	assert_int_equal(unit_properties_of_limits(&v1, &limits, false, 252, &err), 0);
	expect_number(&v1, "MemoryLimit", 1 << 25);
	expect_number(&v1, "CPUShares", 1024);
	expect_number(&v1, "BlockIOWeight", 750);
	assert_null(find(&v1, "MemoryMax"));

	assert_int_equal(unit_properties_of_limits(&old, &limits, true, 240, &err), 0);
	assert_null(find(&old, "AllowedCPUs"));
	assert_null(find(&old, "CPUQuotaPeriodUSec"));
}

static void unified_files_become_properties(void **state)
{
	static const struct cgroup_file files[] = {
		{ "cpu.max", "20000 50000" },  { "cpu.weight", "42" },	     { "cpuset.cpus", "1" },
		{ "memory.high", "max" },      { "memory.swap.max", " 7 " }, { "pids.max", "0" },
		{ "io.weight", "default 30" }, { "memory.oom.group", "1" },
	};
	static const struct cgroup_file idle[] = { { "cpu.weight", "42" }, { "cpu.idle", "1" } };
	static const struct cgroup_file bad[] = { { "memory.max", "lots" } };
	struct cgroup_resources limits = { .unified = files, .n_unified = KEG_COUNT(files) };
	auto(unit_properties) list = { 0 };
	auto(unit_properties) of_idle = { 0 };
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(unit_properties_of_limits(&list, &limits, true, 252, &err), 0);
	expect_number(&list, "CPUQuotaPerSecUSec", 400000);
	expect_number(&list, "CPUQuotaPeriodUSec", 50000);
	expect_number(&list, "CPUWeight", 42);
	expect_number(&list, "MemoryHigh", UINT64_MAX);
	expect_number(&list, "MemorySwapMax", 7);
	expect_number(&list, "TasksMax", 1);
	expect_number(&list, "IOWeight", 30);
	assert_non_null(find(&list, "AllowedCPUs"));
	assert_int_equal(list.n, 8);

	limits.unified = idle;
	limits.n_unified = KEG_COUNT(idle);
	assert_int_equal(unit_properties_of_limits(&of_idle, &limits, true, 252, &err), 0);
	assert_int_equal(of_idle.n, 1);
	expect_number(&of_idle, "CPUWeight", 0);

	limits.unified = bad;
	limits.n_unified = KEG_COUNT(bad);
	assert_int_equal(unit_properties_of_limits(&of_idle, &limits, true, 252, &err),
			 -KEG_EUSAGE);
}

static void devices_are_said_only_where_systemd_can(void **state)
{
	enum { RW = CGROUP_ACCESS_READ | CGROUP_ACCESS_WRITE, ALL = RW | CGROUP_ACCESS_MKNOD };
	const struct cgroup_device_rule rules[] = {
		{ false, 'a', CGROUP_ANY, CGROUP_ANY, ALL },
		{ true, 'c', 1, 3, ALL },
		{ true, 'b', 8, CGROUP_ANY, CGROUP_ACCESS_READ },
		{ true, 'a', CGROUP_ANY, CGROUP_ANY, CGROUP_ACCESS_MKNOD },
		{ false, 'c', 1, 3, CGROUP_ACCESS_WRITE },
	};
	static const char *const said[] = { "/dev/char/1:3", "rwm", "block-8", "r",
					    "char-*",	     "m",   "block-*", "m" };
	auto(unit_properties) strict = { 0 };
	auto(unit_properties) open = { 0 };

	(void)state;
	unit_properties_of_devices(&strict, rules, 4);
	assert_string_equal(find(&strict, "DevicePolicy")->text, "strict");
	const struct systemd_property *allow = find(&strict, "DeviceAllow");
	assert_int_equal(allow->n, KEG_COUNT(said));
	for (size_t i = 0; i < KEG_COUNT(said); i++)
		assert_string_equal(allow->texts[i], said[i]);

	unit_properties_of_devices(&open, rules, 5);
	assert_string_equal(find(&open, "DevicePolicy")->text, "auto");
	assert_int_equal(find(&open, "DeviceAllow")->n, 0);
}

static void annotations_are_typed_as_gvariant_text(void **state)
{
	static const struct {
		const char *name, *value, *made;
		char type;
		uint64_t number;
	} rows[] = {
		{ "Delegate", "true", "Delegate", 'b', 1 },
		{ "TasksMax", "uint64 12", "TasksMax", 't', 12 },
		{ "CPUSchedulingPriority", "-3", "CPUSchedulingPriority", 'i', (uint64_t)-3 },
		{ "TimeoutStopSec", "uint64 7", "TimeoutStopUSec", 't', 7000000 },
		{ "TimeoutStopSec", "7", "TimeoutStopUSec", 't', 7000000 },
		{ "TimeoutStopUSec", "uint64 7", "TimeoutStopUSec", 't', 7 },
		{ "OOMScoreAdjust", "byte 255", "OOMScoreAdjust", 'y', 255 },
	};
	auto(unit_properties) list = { 0 };
	struct keg_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		if (unit_property_parse(&list, rows[i].name, rows[i].value, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(list.v[i].name, rows[i].made);
		assert_int_equal(list.v[i].type, rows[i].type);
		assert_int_equal(list.v[i].number, rows[i].number);
	}
	assert_int_equal(unit_property_parse(&list, "CollectMode", "'inactive-or-failed'", &err),
			 0);
	assert_string_equal(find(&list, "CollectMode")->text, "inactive-or-failed");
	assert_int_equal(unit_property_parse(&list, "After", "['a.service', \"b\\\"c\"]", &err), 0);
	assert_int_equal(find(&list, "After")->n, 2);
	assert_string_equal(find(&list, "After")->texts[1], "b\"c");
	assert_int_equal(unit_property_parse(&list, "Wants", "[]", &err), 0);
	assert_int_equal(find(&list, "Wants")->n, 0);
}

static void annotations_that_are_no_properties_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "ab", "true" },
		{ "Name9", "true" },
		{ "Na-me", "true" },
		{ "", "true" },
		{ "Name", "" },
		{ "Name", "'open" },
		{ "Name", "['a'" },
		{ "Name", "['a' 'b']" },
		{ "Name", "['a'] x" },
		{ "Name", "uint64 -1" },
		{ "Name", "byte 256" },
		{ "Name", "4000000000" },
		{ "Name", "word" },
		{ "TimeoutSec", "'a'" },
		{ "TimeoutSec", "-1" },
		{ "TimeoutSec", "true" },
		{ "Name", "[9]" },
		{ "Name", "'a' b" },
		{ "TimeoutSec", "uint64 18446744073709551615" },
	};
	auto(unit_properties) list = { 0 };
	struct keg_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		if (unit_property_parse(&list, rows[i][0], rows[i][1], &err) != -KEG_EUSAGE)
			fail_msg("%s=%s is accepted", rows[i][0], rows[i][1]);
	}
	assert_int_equal(list.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_names_the_unit_and_its_slice),
		cmocka_unit_test(a_path_of_another_form_is_refused),
		cmocka_unit_test(a_quota_is_rounded_up_to_a_hundredth),
		cmocka_unit_test(limits_become_the_properties_of_their_version),
		cmocka_unit_test(unified_files_become_properties),
		cmocka_unit_test(devices_are_said_only_where_systemd_can),
		cmocka_unit_test(annotations_are_typed_as_gvariant_text),
		cmocka_unit_test(annotations_that_are_no_properties_are_refused),
	};

	return cmocka_run_group_tests_name("cgroup_systemd", tests, NULL, NULL);
}
