/* SPDX-License-Identifier: Apache-2.0 */
/* v1's weights on v2's scales, with the figures that runc and crun write for the same. */
#include "base/mem.h"
#include "os/cgroup_internal.h"
#include "tests/unit/cmocka_keg.h"

static void shares_become_weights_through_the_default(void **state)
{
	static const struct {
		uint64_t shares, weight;
	} rows[] = { { 1, 1 },	    { 2, 1 },	       { 3, 2 },	  { 100, 17 },
		     { 200, 29 },   { 512, 59 },       { 1024, 100 },	  { 1025, 101 },
		     { 2048, 174 }, { 262143, 10000 }, { 262144, 10000 }, { 1ULL << 40, 10000 } };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++)
		assert_int_equal(cgroup_weight_of_shares(rows[i].shares), rows[i].weight);
}

static void more_shares_never_weigh_less(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (uint64_t shares = 1; shares < 300000; shares += 7) {
		uint64_t weight = cgroup_weight_of_shares(shares);

		assert_true(weight >= last && weight >= 1 && weight <= 10000);
		last = weight;
	}
}

static void blkio_weights_are_stretched_but_for_bfq(void **state)
{
	(void)state;
	assert_int_equal(cgroup_weight_of_blkio(10, false), 1);
	assert_int_equal(cgroup_weight_of_blkio(750, false), 7475);
	assert_int_equal(cgroup_weight_of_blkio(1000, false), 10000);
	assert_int_equal(cgroup_weight_of_blkio(750, true), 750);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_become_weights_through_the_default),
		cmocka_unit_test(more_shares_never_weigh_less),
		cmocka_unit_test(blkio_weights_are_stretched_but_for_bfq),
	};

	return cmocka_run_group_tests_name("cgroup_weight", tests, NULL, NULL);
}
