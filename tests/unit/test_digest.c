/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/digest.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define HEX64 HEX32 HEX32

static void digests_of_known_algorithms_and_exact_length_are_valid(void **state)
{
	(void)state;
	assert_true(digest_is_valid("sha256:" HEX64));
	assert_true(digest_is_valid("sha512:" HEX64 HEX64));
	assert_true(digest_is_sha256("sha256:" HEX64));
	assert_false(digest_is_sha256("sha512:" HEX64 HEX64));
	assert_string_equal(digest_hex("sha256:" HEX64), HEX64);
}

/* CVE-2024-3727: what is no digest becomes a path where files are named by digests. */
static void everything_else_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *text, *reason;
	} table[] = {
		{ NULL, "empty" },
		{ "", "empty" },
		{ HEX64, "not of the form" },
		{ "sha256:", "wrong length" },
		{ "sha256:" HEX32, "wrong length" },
		{ "sha256:" HEX64 "0", "wrong length" },
		{ "sha512:" HEX64, "wrong length" },
		{ "md5:" HEX32, "unsupported digest algorithm" },
		{ "SHA256:" HEX64, "unsupported digest algorithm" },
		{ "sha256:0123456789ABCDEF" HEX32 "0123456789abcdef", "not lower-case hex" },
		{ "sha256:../../../../etc/passwd", "not lower-case hex" },
		{ "sha256:" HEX32 "0123456789abcdef0123456789abcde\n", "not lower-case hex" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };

		assert_int_equal(digest_check(table[i].text, &err), -KEG_ECORRUPT);
		assert_non_null(strstr(err.msg, table[i].reason));
	}
}

static void a_sum_becomes_a_digest(void **state)
{
	unsigned char sum[32];
	char text[DIGEST_SHA256_LEN + 1];

	(void)state;
	memset(sum, 0xab, sizeof sum);
	digest_from_sha256(text, sum);
	assert_true(digest_is_valid(text));
	assert_memory_equal(text, "sha256:abab", 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_of_known_algorithms_and_exact_length_are_valid),
		cmocka_unit_test(everything_else_is_refused_with_its_reason),
		cmocka_unit_test(a_sum_becomes_a_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
