/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/platform.h"

#include "tests/unit/cmocka_keg.h"

static void words_of_the_world_become_go_names(void **state)
{
	static const char *const table[][2] = {
		{ "linux/x86_64", "linux/amd64" },     { "linux/amd64/v1", "linux/amd64" },
		{ "linux/aarch64", "linux/arm64" },    { "linux/arm64/v8", "linux/arm64/v8" },
		{ "linux/arm64/8", "linux/arm64/v8" }, { "linux/armhf", "linux/arm/v7" },
		{ "linux/armel", "linux/arm/v6" },     { "linux/arm/v5", "linux/arm/v5" },
		{ "linux/arm/7", "linux/arm/v7" },     { "Linux/AMD64", "linux/amd64" },
		{ "macos/arm64", "darwin/arm64" },     { "linux/i686", "linux/386" },
		{ "linux/ppc64el", "linux/ppc64le" },  { "windows/amd64", "windows/amd64" },
		{ "linux/unheard", "linux/unheard" },  { "arm64", "linux/arm64" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct platform platform;
		auto(keg_arena) arena = { 0 };

		assert_int_equal(platform_parse(table[i][0], &arena, &platform, &err), 0);
		autofree char *text = platform_format(&platform);
		assert_string_equal(text, table[i][1]);
	}
}

static void malformed_platforms_are_refused(void **state)
{
	static const char *const table[] = {
		"",	     "/",	 "linux/",	 "/amd64",	 "a/b/c/d",
		"linux/a b", "nonsense", "linux/amd64/", "linux/..%2f/x"
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct platform platform;
		auto(keg_arena) arena = { 0 };

		assert_int_equal(platform_parse(table[i], &arena, &platform, &err), -KEG_EUSAGE);
	}
}

/* Distances compared: -1 not at all, otherwise smaller is better. */
static int distance(const char *want, const char *have)
{
	struct keg_err err = { 0 };
	struct platform w, h;
	auto(keg_arena) arena = { 0 };

	assert_int_equal(platform_parse(want, &arena, &w, &err), 0);
	assert_int_equal(platform_parse(have, &arena, &h, &err), 0);
	return platform_distance(&w, &h);
}

static void lower_variants_serve_and_higher_ones_do_not(void **state)
{
	(void)state;
	assert_int_equal(distance("linux/amd64", "linux/amd64"), 0);
	assert_int_equal(distance("linux/amd64", "linux/arm64"), -1);
	assert_int_equal(distance("linux/amd64", "windows/amd64"), -1);
	assert_int_equal(distance("linux/arm/v7", "linux/arm/v7"), 0);
	assert_true(distance("linux/arm/v7", "linux/arm/v6") > 0);
	assert_true(distance("linux/arm/v7", "linux/arm/v5") >
		    distance("linux/arm/v7", "linux/arm/v6"));
	assert_true(distance("linux/arm/v7", "linux/arm") >
		    distance("linux/arm/v7", "linux/arm/v5"));
	assert_int_equal(distance("linux/arm/v6", "linux/arm/v7"), -1);
	assert_int_equal(distance("linux/arm", "linux/arm"), 0);
	assert_true(distance("linux/arm", "linux/arm/v8") > 0);
	assert_true(distance("linux/arm64", "linux/arm64/v8") > 0);
	assert_true(distance("linux/arm64/v8", "linux/arm64") > 0);
	assert_int_equal(distance("linux/amd64", "linux/amd64/v3"), -1);
	assert_int_equal(distance("linux/amd64/v3", "linux/amd64/v3"), 0);
	assert_true(distance("linux/amd64/v3", "linux/amd64") > 0);
}

static void the_host_matches_itself(void **state)
{
	struct platform host;

	(void)state;
	platform_host(&host);
	assert_string_equal(host.os, "linux");
	assert_int_equal(platform_distance(&host, &host), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_the_world_become_go_names),
		cmocka_unit_test(malformed_platforms_are_refused),
		cmocka_unit_test(lower_variants_serve_and_higher_ones_do_not),
		cmocka_unit_test(the_host_matches_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
