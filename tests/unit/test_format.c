/* SPDX-License-Identifier: Apache-2.0 */
/* format: it says what libc's printf would, and cuts where that would. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "tests/unit/cmocka_keg.h"

/* Ours and libc's, into room for all and into a few bytes. */
#define ASSERT_AS_LIBC(...)                                                            \
	do {                                                                           \
		char ours[256], libcs[256];                                            \
                                                                                       \
		assert_int_equal(keg_format(ours, sizeof ours, __VA_ARGS__),           \
				 snprintf(libcs, sizeof libcs, __VA_ARGS__));          \
		assert_string_equal(ours, libcs);                                      \
		memset(ours, '?', sizeof ours);                                        \
		assert_int_equal(keg_format(ours, 4, __VA_ARGS__), strlen(libcs));     \
		assert_int_equal(strncmp(ours, libcs, 3), 0);                          \
		assert_int_equal(strlen(ours), strlen(libcs) < 3 ? strlen(libcs) : 3); \
		assert_int_equal(ours[4], '?');                                        \
	} while (0)

static void texts_are_whole_or_cut(void **state)
{
	(void)state;
	ASSERT_AS_LIBC("nothing to convert");
	ASSERT_AS_LIBC("%s", "");
	ASSERT_AS_LIBC("%s and %s", "this", "that");
	ASSERT_AS_LIBC("100 %% of %c", 'x');
	ASSERT_AS_LIBC("%.3s|%.0s|%.9s", "abcdef", "abcdef", "abcdef");
	ASSERT_AS_LIBC("%.*s|%.*s", 2, "abcdef", -1, "abcdef");
}

static void a_cut_text_need_not_end(void **state)
{
	const char open[3] = { 'a', 'b', 'c' };
	char out[8];

	(void)state;
	assert_int_equal(keg_format(out, sizeof out, "%.3s", open), 3);
	assert_string_equal(out, "abc");
}

static void whole_numbers_of_every_length(void **state)
{
	(void)state;
	ASSERT_AS_LIBC("%d %d %d", 0, INT_MIN, INT_MAX);
	ASSERT_AS_LIBC("%u %x %o", UINT_MAX, UINT_MAX, 0755);
	ASSERT_AS_LIBC("%ld %lu", LONG_MIN, ULONG_MAX);
	ASSERT_AS_LIBC("%lld %llu", LLONG_MIN, ULLONG_MAX);
	ASSERT_AS_LIBC("%zu %zd", SIZE_MAX, (ssize_t)-5);
	ASSERT_AS_LIBC("%jd %ju", INTMAX_MIN, UINTMAX_MAX);
	ASSERT_AS_LIBC("%" PRId64 " %" PRIu64 " %" PRIx64 " %" PRIo64, INT64_MIN, UINT64_MAX,
		       UINT64_MAX, UINT64_MAX);
}

static void zeros_fill_up(void **state)
{
	(void)state;
	ASSERT_AS_LIBC("%02x %08x %016" PRIx64, 7U, 0xabcU, UINT64_C(0xabc));
	ASSERT_AS_LIBC("%03d %03d %01d %09u", -7, 1234, -5, 42U);
	ASSERT_AS_LIBC("%030d", 7);
}

static void what_is_rare_is_left_to_libc(void **state)
{
	(void)state;
	ASSERT_AS_LIBC("%5d|%-5d|%+d|%#x", 7, 7, 7, 7U);
	ASSERT_AS_LIBC("%-8s|%8s|%*s", "ab", "ab", 4, "ab");
	ASSERT_AS_LIBC("%s: %.2f", "half", 0.5);
	ASSERT_AS_LIBC("%hhu %X %.3d", (unsigned char)200, 0xabcU, 7);
}

static void no_room_is_written_to_not_at_all(void **state)
{
	char out[] = "kept";

	(void)state;
	assert_int_equal(keg_format(NULL, 0, "%s %d", "count", 12), 8);
	assert_int_equal(keg_format(out, 0, "%s", "x"), 1);
	assert_string_equal(out, "kept");
	assert_int_equal(keg_format(out, 1, "%s", "x"), 1);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_whole_or_cut),
		cmocka_unit_test(a_cut_text_need_not_end),
		cmocka_unit_test(whole_numbers_of_every_length),
		cmocka_unit_test(zeros_fill_up),
		cmocka_unit_test(what_is_rare_is_left_to_libc),
		cmocka_unit_test(no_room_is_written_to_not_at_all),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
