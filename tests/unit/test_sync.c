/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sync.h"

#include <unistd.h>

#include "tests/unit/cmocka_keg.h"

static void the_end_is_told_from_an_error(void **state)
{
	struct sync_pair pair;
	struct keg_err err;

	(void)state;
	assert_int_equal(sync_open(&pair, &err), 0);
	close(pair.child);
	assert_int_equal(sync_receive(pair.parent, NULL, &err), SYNC_END);
	close(pair.parent);
}

/* The kernel says the reset before it gives the message. */
static void an_error_is_heard_from_who_ended_without_listening(void **state)
{
	struct sync_pair pair;
	struct keg_err err, problem;

	(void)state;
	assert_int_equal(sync_open(&pair, &err), 0);
	assert_int_equal(sync_send(pair.parent, SYNC_GO, 0, &err), 0);
	(void)keg_fail(&problem, KEG_EDENIED, "of the child");
	sync_send_error(pair.child, &problem);
	close(pair.child);
	assert_int_equal(sync_receive(pair.parent, NULL, &err), -KEG_EDENIED);
	assert_string_equal(err.msg, "of the child");
	assert_int_equal(sync_receive(pair.parent, NULL, &err), SYNC_END);
	close(pair.parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_is_told_from_an_error),
		cmocka_unit_test(an_error_is_heard_from_who_ended_without_listening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
