/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/reference.h"

#include <string.h>

#include "base/buf.h"
#include "base/strv.h"
#include "tests/unit/cmocka_keg.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define SUM "sha256:" HEX32 HEX32

static void good_names_come_apart_into_their_parts(void **state)
{
	static const struct {
		const char *text, *domain, *path, *tag, *digest;
	} table[] = {
		{ "busybox", NULL, "busybox", NULL, NULL },
		{ "busybox:1.36", NULL, "busybox", "1.36", NULL },
		{ "library/busybox", NULL, "library/busybox", NULL, NULL },
		{ "localhost/a", "localhost", "a", NULL, NULL },
		{ "localhost:5000/a/b:t", "localhost:5000", "a/b", "t", NULL },
		{ "quay.io/x/y@" SUM, "quay.io", "x/y", NULL, SUM },
		{ "quay.io/x/y:v1@" SUM, "quay.io", "x/y", "v1", SUM },
		{ "Host/a", "Host", "a", NULL, NULL },
		{ "[::1]:5000/a", "[::1]:5000", "a", NULL, NULL },
		{ "[fd00::1]/a:b", "[fd00::1]", "a", "b", NULL },
		{ "10.0.0.1:80/a_b/c__d/e-f/g---h/i.j", "10.0.0.1:80", "a_b/c__d/e-f/g---h/i.j",
		  NULL, NULL },
		{ "a:UPPER_tag.1-x", NULL, "a", "UPPER_tag.1-x", NULL },
		{ HEX32 HEX32 ":t", NULL, HEX32 HEX32, "t", NULL },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		auto(reference) ref = { 0 };

		assert_int_equal(reference_parse(table[i].text, &ref, &err), 0);
		assert_true(keg_str_eq(ref.domain, table[i].domain));
		assert_string_equal(ref.path, table[i].path);
		assert_true(keg_str_eq(ref.tag, table[i].tag));
		assert_true(keg_str_eq(ref.digest, table[i].digest));

		autofree char *again = reference_format(&ref);
		assert_string_equal(again, table[i].text);
	}
}

static void bad_names_are_usage_errors_in_the_peers_words(void **state)
{
	static const struct {
		const char *text, *reason;
	} table[] = {
		{ "", "must have at least one component" },
		{ ":t", "invalid reference format" },
		{ "/a", "invalid reference format" },
		{ "a/", "invalid reference format" },
		{ "a//b", "invalid reference format" },
		{ "a:", "invalid reference format" },
		{ "a@", "invalid reference format" },
		{ "a@sha256:12", "invalid digest" },
		{ "a@md5:" HEX32, "invalid digest" },
		{ "a@" SUM "@" SUM, "invalid digest" },
		{ "Busybox", "must be lowercase" },
		{ "quay.io/Busybox", "must be lowercase" },
		{ "a:-x", "invalid reference format" },
		{ "a:.x", "invalid reference format" },
		{ "a b", "invalid reference format" },
		{ "a\nb", "invalid reference format" },
		{ "a___b", "invalid reference format" },
		{ "a..b", "invalid reference format" },
		{ "-a", "invalid reference format" },
		{ "a-", "invalid reference format" },
		{ "../../etc", "invalid reference format" },
		{ "quay.io:x/a", "invalid reference format" },
		{ "quay.io:/a", "invalid reference format" },
		{ "-quay.io/a", "invalid reference format" },
		{ "quay..io/a", "invalid reference format" },
		{ "[::1/a", "invalid reference format" },
		{ "https://quay.io/a", "invalid reference format" },
		{ HEX32 HEX32, "64-byte hexadecimal" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct reference ref = { 0 };

		assert_int_equal(reference_parse(table[i].text, &ref, &err), -KEG_EUSAGE);
		assert_non_null(strstr(err.msg, table[i].reason));
		assert_null(ref.path);
	}
}

static void lengths_are_limited(void **state)
{
	struct keg_err err = { 0 };
	auto(keg_buf) name = { 0 };
	auto(reference) ref = { 0 };

	(void)state;
	for (int i = 0; i < REFERENCE_NAME_MAX; i++)
		keg_buf_putc(&name, 'a');
	assert_int_equal(reference_parse(keg_buf_text(&name), &ref, &err), 0);
	keg_buf_putc(&name, 'a');
	assert_int_equal(reference_parse(keg_buf_text(&name), &ref, &err), -KEG_EUSAGE);
	assert_non_null(strstr(err.msg, "255"));

	keg_buf_cut(&name, REFERENCE_TAG_MAX);
	assert_true(reference_tag_is_valid(keg_buf_text(&name)));
	keg_buf_putc(&name, 'a');
	assert_false(reference_tag_is_valid(keg_buf_text(&name)));
}

static void names_are_completed_and_shortened_as_docker_does(void **state)
{
	static const struct {
		const char *text, *full, *familiar;
	} table[] = {
		{ "busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "a/b:t", "docker.io/a/b:t", "a/b:t" },
		{ "docker.io/busybox:t", "docker.io/library/busybox:t", "busybox:t" },
		{ "index.docker.io/a/b:t", "docker.io/a/b:t", "a/b:t" },
		{ "docker.io/library/a/b:t", "docker.io/library/a/b:t", "library/a/b:t" },
		{ "localhost/a", "localhost/a:latest", "localhost/a:latest" },
		{ "a@" SUM, "docker.io/library/a@" SUM, "a@" SUM },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		auto(reference) ref = { 0 };

		assert_int_equal(reference_parse_normalized(table[i].text, &ref, &err), 0);
		reference_add_latest(&ref);
		autofree char *full = reference_format(&ref);
		autofree char *familiar = reference_familiar(&ref);
		assert_string_equal(full, table[i].full);
		assert_string_equal(familiar, table[i].familiar);
	}
}

static void parts_are_replaced_and_removed(void **state)
{
	struct keg_err err = { 0 };
	auto(reference) ref = { 0 };
	auto(reference) copy = { 0 };

	(void)state;
	assert_int_equal(reference_parse("a/b:t", &ref, &err), 0);
	assert_true(reference_is_short(&ref));
	reference_set_domain(&ref, "quay.io");
	reference_set_tag(&ref, NULL);
	reference_set_digest(&ref, SUM);
	reference_copy(&copy, &ref);
	autofree char *full = reference_format(&copy);
	assert_string_equal(full, "quay.io/a/b@" SUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names_come_apart_into_their_parts),
		cmocka_unit_test(bad_names_are_usage_errors_in_the_peers_words),
		cmocka_unit_test(lengths_are_limited),
		cmocka_unit_test(names_are_completed_and_shortened_as_docker_does),
		cmocka_unit_test(parts_are_replaced_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
