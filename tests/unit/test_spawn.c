/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spawn.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

#define RUN(input, out, errout, err, ...) \
	keg_spawn_run((const char *const[]){ __VA_ARGS__, NULL }, input, 1 << 20, out, errout, err)

static void input_goes_in_and_both_outputs_come_out(void **state)
{
	auto(keg_buf) out = { 0 };
	auto(keg_buf) errout = { 0 };
	struct keg_err err;

	(void)state;
	assert_int_equal(RUN("hello", &out, &errout, &err, "sh", "-c", "cat; echo bad >&2; exit 7"),
			 7);
	assert_string_equal(keg_buf_text(&out), "hello");
	assert_string_equal(keg_buf_text(&errout), "bad\n");
}

static void output_larger_than_a_pipe_is_collected(void **state)
{
	auto(keg_buf) out = { 0 };
	struct keg_err err;
	autofree char *big = keg_alloc(300001, 1);

	(void)state;
	memset(big, 'x', 300000);
	assert_int_equal(RUN(big, &out, NULL, &err, "cat"), 0);
	assert_int_equal(out.len, 300000);
}

static void a_program_that_does_not_read_is_no_error(void **state)
{
	struct keg_err err;
	autofree char *big = keg_alloc(300001, 1);

	(void)state;
	memset(big, 'x', 300000);
	assert_int_equal(RUN(big, NULL, NULL, &err, "true"), 0);
}

static void death_by_a_signal_is_128_more(void **state)
{
	struct keg_err err;

	(void)state;
	assert_int_equal(RUN(NULL, NULL, NULL, &err, "sh", "-c", "kill -9 $$"), 137);
}

static void a_missing_program_is_named_at_once(void **state)
{
	struct keg_err err;

	(void)state;
	assert_int_equal(RUN(NULL, NULL, NULL, &err, "no-such-program"), -KEG_ENOTFOUND);
	assert_string_equal(err.msg, "program no-such-program not found");
}

static void no_descriptor_is_inherited(void **state)
{
	auto(keg_buf) out = { 0 };
	struct keg_err err;
	int leaky = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(fcntl(leaky, F_SETFD, 0), 0);
	assert_int_equal(RUN(NULL, &out, NULL, &err, "sh", "-c", "ls /proc/self/fd | wc -l"), 0);
	assert_string_equal(keg_buf_text(&out), "4\n"); /* 0, 1, 2 and the folder itself */
	close(leaky);
}

static void a_lock_excludes_and_ends_with_its_descriptor(void **state)
{
	char path[] = "/tmp/keg-test-XXXXXX";
	struct keg_err err;
	int one = mkstemp(path);
	int two = open(path, O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(keg_lock_record(one, KEG_LOCK_EXCLUSIVE, &err), 0);
	assert_int_equal(keg_lock_try_record(two, KEG_LOCK_SHARED, &err), 0);
	close(one);
	assert_int_equal(keg_lock_try_record(two, KEG_LOCK_SHARED, &err), 1);
	int three = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(keg_lock_try_record(three, KEG_LOCK_SHARED, &err), 1);
	assert_int_equal(keg_lock_try_record(three, KEG_LOCK_EXCLUSIVE, &err), 0);
	keg_unlock_record(two);
	assert_int_equal(keg_lock_try_record(three, KEG_LOCK_EXCLUSIVE, &err), 1);
	assert_int_equal(keg_lock_flock(two, KEG_LOCK_EXCLUSIVE, &err), 0);
	assert_int_equal(keg_lock_try_flock(three, KEG_LOCK_SHARED, &err), 0);
	close(two);
	assert_int_equal(keg_lock_try_flock(three, KEG_LOCK_SHARED, &err), 1);
	close(three);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_goes_in_and_both_outputs_come_out),
		cmocka_unit_test(output_larger_than_a_pipe_is_collected),
		cmocka_unit_test(a_program_that_does_not_read_is_no_error),
		cmocka_unit_test(death_by_a_signal_is_128_more),
		cmocka_unit_test(a_missing_program_is_named_at_once),
		cmocka_unit_test(no_descriptor_is_inherited),
		cmocka_unit_test(a_lock_excludes_and_ends_with_its_descriptor),
	};

	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
