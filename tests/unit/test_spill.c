/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmocka_keg.h"
#include "monitor/spill.h"

static void packets_come_out_in_order_and_whole(void **state)
{
	struct spill spill = { .fd = -1 };
	char packet[16];

	(void)state;
	assert_true(spill_is_empty(&spill));
	assert_true(spill_put(&spill, "one", 3));
	assert_true(spill_put(&spill, "three", 5));
	assert_int_equal(spill_peek(&spill, packet, sizeof packet), 3);
	assert_memory_equal(packet, "one", 3);
	assert_int_equal(spill_peek(&spill, packet, sizeof packet), 3);
	spill_drop(&spill, 3);
	assert_int_equal(spill_peek(&spill, packet, sizeof packet), 5);
	assert_memory_equal(packet, "three", 5);
	spill_drop(&spill, 5);
	assert_true(spill_is_empty(&spill));
	assert_int_equal(spill.fd, -1);
}

static void a_packet_larger_than_the_room_is_not_read(void **state)
{
	struct spill spill = { .fd = -1 };
	char packet[4];

	(void)state;
	assert_true(spill_put(&spill, "three", 5));
	assert_int_equal(spill_peek(&spill, packet, sizeof packet), 0);
	spill_close(&spill);
}

static void megabytes_pass_through(void **state)
{
	struct spill spill = { .fd = -1 };
	char in[8193], out[8193];

	(void)state;
	for (int i = 0; i < 600; i++) {
		memset(in, i, sizeof in);
		assert_true(spill_put(&spill, in, sizeof in));
	}
	for (int i = 0; i < 600; i++) {
		memset(in, i, sizeof in);
		assert_int_equal(spill_peek(&spill, out, sizeof out), sizeof out);
		assert_memory_equal(in, out, sizeof out);
		spill_drop(&spill, sizeof out);
	}
	assert_true(spill_is_empty(&spill));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_out_in_order_and_whole),
		cmocka_unit_test(a_packet_larger_than_the_room_is_not_read),
		cmocka_unit_test(megabytes_pass_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
