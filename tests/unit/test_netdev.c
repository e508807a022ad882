/* SPDX-License-Identifier: Apache-2.0 */
#include "os/netdev.h"

#include "os/netlink.h"
#include "tests/unit/cmocka_keg.h"

static void a_name_is_short_and_has_no_separator(void **state)
{
	static const char *const good[] = { "eth0", "eth%d", "a.1", "0", "..." };
	static const char *const bad[] = { "",	  ".",	 "..",	"a/b",
					   "a:1", "a b", "a\t", "0123456789abcdef" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(good); i++)
		assert_true(netdev_name_is_valid(good[i]));
	for (size_t i = 0; i < KEG_COUNT(bad); i++)
		assert_false(netdev_name_is_valid(bad[i]));
}

static void attributes_are_aligned_and_counted(void **state)
{
	const uint32_t fixed = 0x01020304;
	struct netlink_request request;

	(void)state;
	netlink_begin(&request, 16, NLM_F_ACK, &fixed, sizeof fixed);
	assert_int_equal(request.head.nlmsg_len, 20);
	assert_int_equal(request.head.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	netlink_put(&request, 3, "ab", 3);
	assert_int_equal(request.head.nlmsg_len, 27);
	netlink_put(&request, 4, "c", 2);
	assert_int_equal(request.head.nlmsg_len, 34);
	assert_string_equal(request.room + 32, "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_short_and_has_no_separator),
		cmocka_unit_test(attributes_are_aligned_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
