/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

static void whole_numbers_take_all_of_the_text_or_fail(void **state)
{
	static const char *const bad[] = {
		"", "-", "-1", "+1", " 1", "1 ", "0x10", "1e3", "1.0", "a", "18446744073709551616"
	};
	struct keg_err err;
	uint64_t number = 7;

	(void)state;
	assert_int_equal(keg_parse_u64("18446744073709551615", &number, &err), 0);
	assert_true(number == UINT64_MAX);
	number = 7;
	for (size_t i = 0; i < KEG_COUNT(bad); i++) {
		assert_int_equal(keg_parse_u64(bad[i], &number, &err), -KEG_EUSAGE);
		assert_int_equal(number, 7);
	}
}

static void signed_numbers_reach_both_ends(void **state)
{
	struct keg_err err;
	int64_t number;
	int small;
	uint32_t word;

	(void)state;
	assert_int_equal(keg_parse_i64("-9223372036854775808", &number, &err), 0);
	assert_true(number == INT64_MIN);
	assert_int_equal(keg_parse_i64("9223372036854775807", &number, &err), 0);
	assert_true(number == INT64_MAX);
	assert_int_equal(keg_parse_i64("9223372036854775808", &number, &err), -KEG_EUSAGE);
	assert_int_equal(keg_parse_i64("-9223372036854775809", &number, &err), -KEG_EUSAGE);
	assert_int_equal(keg_parse_int("-2147483648", &small, &err), 0);
	assert_int_equal(keg_parse_int("2147483648", &small, &err), -KEG_EUSAGE);
	assert_int_equal(keg_parse_u32("4294967295", &word, &err), 0);
	assert_int_equal(keg_parse_u32("4294967296", &word, &err), -KEG_EUSAGE);
}

static void modes_are_octal(void **state)
{
	struct keg_err err;
	unsigned mode;

	(void)state;
	assert_int_equal(keg_parse_mode("0755", &mode, &err), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(keg_parse_mode("0o1777", &mode, &err), 0);
	assert_int_equal(mode, 01777);
	assert_int_equal(keg_parse_mode("8", &mode, &err), -KEG_EUSAGE);
	assert_int_equal(keg_parse_mode("10000", &mode, &err), -KEG_EUSAGE);
}

static void fractions_are_millionths(void **state)
{
	static const struct {
		const char *text;
		uint64_t micro;
	} table[] = {
		{ "1", 1000000 }, { "0.5", 500000 }, { ".25", 250000 }, { "1.0000019", 1000001 }
	};
	static const char *const bad[] = { "", ".", "1.", "-1", "1.x", "1e3" };
	struct keg_err err;
	uint64_t micro;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		assert_int_equal(keg_parse_micro(table[i].text, &micro, &err), 0);
		assert_true(micro == table[i].micro);
	}
	for (size_t i = 0; i < KEG_COUNT(bad); i++)
		assert_int_equal(keg_parse_micro(bad[i], &micro, &err), -KEG_EUSAGE);
}

static void sizes_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} table[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "10b", 10 },
		{ "1k", 1024 },
		{ "1K", 1024 },
		{ "1KB", 1024 },
		{ "1KiB", 1024 },
		{ "64m", 64 << 20 },
		{ "1.5g", 1536ULL << 20 },
		{ "1 GB", 1ULL << 30 },
		{ "2t", 2ULL << 40 },
	};
	static const char *const bad[] = { "", "m", "1z", "1kk", "-1", "9999999999p", "1bb" };
	struct keg_err err;
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		assert_int_equal(keg_parse_bytes(table[i].text, &bytes, &err), 0);
		assert_true(bytes == table[i].bytes);
	}
	for (size_t i = 0; i < KEG_COUNT(bad); i++)
		assert_int_equal(keg_parse_bytes(bad[i], &bytes, &err), -KEG_EUSAGE);
}

static void sizes_print_as_people_read_them(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} table[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1 kB" },
		{ 1987687, "1.988 MB" },
		{ 124000000, "124 MB" },
		{ 1500000000, "1.5 GB" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		autofree char *text = keg_format_bytes(table[i].bytes);

		assert_string_equal(text, table[i].text);
	}
}

static void ids_differ_and_are_hex(void **state)
{
	char one[KEG_ID_LEN + 1], two[KEG_ID_LEN + 1];

	(void)state;
	keg_random_id(one);
	keg_random_id(two);
	assert_int_equal(strspn(one, "0123456789abcdef"), KEG_ID_LEN);
	assert_string_not_equal(one, two);
}

static void hex_and_base64_go_both_ways(void **state)
{
	static const char *const texts[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	static const char *const coded[] = { "",	 "Zg==",     "Zm8=",	"Zm9v",
					     "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	static const char *const bad[] = { "Z", "Zg=", "Z===", "Zg==Zg==", "Zm9*", "====" };
	struct keg_err err;
	void *bytes;
	char hex[5], back[2];
	size_t n;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		autofree char *text = keg_base64(texts[i], strlen(texts[i]));

		assert_string_equal(text, coded[i]);
		assert_int_equal(keg_unbase64(text, &bytes, &n, &err), 0);
		assert_int_equal(n, strlen(texts[i]));
		assert_memory_equal(bytes, texts[i], n);
		free(bytes);
	}
	for (size_t i = 0; i < KEG_COUNT(bad); i++)
		assert_int_equal(keg_unbase64(bad[i], &bytes, &n, &err), -KEG_EUSAGE);
	keg_hex(hex, "\x0f\xa0", 2);
	assert_string_equal(hex, "0fa0");
	assert_int_equal(keg_unhex(back, 2, "0FA0", &err), 0);
	assert_memory_equal(back, "\x0f\xa0", 2);
	assert_int_equal(keg_unhex(back, 2, "0fa", &err), -KEG_EUSAGE);
	assert_int_equal(keg_unhex(back, 2, "0fag", &err), -KEG_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_take_all_of_the_text_or_fail),
		cmocka_unit_test(signed_numbers_reach_both_ends),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(fractions_are_millionths),
		cmocka_unit_test(sizes_have_units),
		cmocka_unit_test(sizes_print_as_people_read_them),
		cmocka_unit_test(ids_differ_and_are_hex),
		cmocka_unit_test(hex_and_base64_go_both_ways),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
