/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "cmocka_keg.h"
#include "image/config_change.h"
#include "image/docker_archive.h"
#include "image/load_names.h"
#include "image/scopes.h"
#include "image/storage_ref.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void a_store_is_named_by_its_specifier(void **state)
{
	auto(storage_ref) ref = { 0 };
	struct keg_err err;

	(void)state;
	assert_int_equal(storage_ref_parse("[overlay@/a/b+/c:x=1,y=2]app", &ref, &err), 0);
	assert_string_equal(ref.driver, "overlay");
	assert_string_equal(ref.graphroot, "/a/b");
	assert_string_equal(ref.runroot, "/c");
	assert_int_equal(ref.options.n, 2);
	assert_string_equal(ref.options.v[1], "y=2");
	autofree char *name = reference_format(&ref.ref);
	assert_string_equal(name, "docker.io/library/app:latest");
}

static void parts_of_a_specifier_may_be_left_out(void **state)
{
	static const char *const texts[] = { "[/a]x", "[vfs@/a]x", "[/a+/b]x", "[/a:o=1]x", "x" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		auto(storage_ref) ref = { 0 };
		struct keg_err err;

		assert_int_equal(storage_ref_parse(texts[i], &ref, &err), 0);
		assert_true(ref.named);
	}
}

static void an_image_of_the_store_may_be_given_by_id(void **state)
{
	static const struct {
		const char *text, *id, *plain;
		bool named;
	} rows[] = {
		{ "@" ID, ID, NULL, false },
		{ "app@" ID, ID, NULL, true },
		{ ID, NULL, ID, false },
		{ "abc", NULL, "abc", true },
		{ "app@sha256:" ID, NULL, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		auto(storage_ref) ref = { 0 };
		struct keg_err err;

		assert_int_equal(storage_ref_parse(rows[i].text, &ref, &err), 0);
		assert_true(keg_str_eq(ref.id, rows[i].id));
		assert_true(keg_str_eq(ref.plain, rows[i].plain));
		assert_int_equal(ref.named, rows[i].named);
	}
}

static void malformed_names_of_the_store_are_refused(void **state)
{
	static const char *const texts[] = { "",      "[",	 "[]x",	       "[a]x", "[/a",
					     "[/a]",  "[/a+b]x", "@",	       "@xyz", "x@12",
					     "UPPER", "a:b:c",	 "[overlay@]x" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		struct storage_ref ref = { 0 };
		struct keg_err err;

		assert_int_equal(storage_ref_parse(texts[i], &ref, &err), -KEG_EUSAGE);
		assert_false(ref.named);
	}
}

static void an_archive_is_named_by_path_and_tag_or_index(void **state)
{
	auto(docker_archive_ref) plain = { 0 }, tagged = { 0 }, numbered = { 0 };
	struct keg_err err;

	(void)state;
	assert_int_equal(docker_archive_ref_parse("a.tar", &plain, &err), 0);
	assert_false(plain.named);
	assert_int_equal(plain.index, -1);
	assert_int_equal(docker_archive_ref_parse("a.tar:x/y", &tagged, &err), 0);
	autofree char *name = reference_format(&tagged.ref);
	assert_string_equal(name, "docker.io/x/y:latest");
	assert_int_equal(docker_archive_ref_parse("a.tar:@12", &numbered, &err), 0);
	assert_int_equal(numbered.index, 12);
}

static void malformed_names_of_archives_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "a:@-1", "a:@x", "a:@", "a:B", ("a:x@sha256:" ID)
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		struct docker_archive_ref ref = { 0 };
		struct keg_err err;

		assert_int_equal(docker_archive_ref_parse(texts[i], &ref, &err), -KEG_EUSAGE);
		assert_null(ref.path);
	}
}

static void the_most_specific_scope_stands_first(void **state)
{
	static const char *const wanted[] = { "a.b.c:5000/x/y:1", "a.b.c:5000/x/y", "a.b.c:5000/x",
					      "a.b.c:5000",	  "*.b.c",	    "*.c" };
	auto(keg_strv) scopes = { 0 };
	struct keg_err err;

	(void)state;
	assert_int_equal(image_scopes_docker("a.b.c:5000/x/y:1", &scopes, &err), 0);
	assert_int_equal(scopes.n, KEG_COUNT(wanted));
	for (size_t i = 0; i < scopes.n; i++)
		assert_string_equal(scopes.v[i], wanted[i]);
}

static void names_from_no_registry_belong_to_this_machine(void **state)
{
	static const struct {
		const char *text, *full;
	} rows[] = {
		{ "x", "localhost/x:latest" },
		{ "a/x:1", "localhost/a/x:1" },
		{ "docker.io/x", "docker.io/library/x:latest" },
		{ "h:5000/x:2", "h:5000/x:2" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		autofree char *full = NULL;
		struct keg_err err;

		assert_int_equal(image_full_name(rows[i].text, &full, &err), 0);
		assert_string_equal(full, rows[i].full);
	}
}

static void changes_are_applied_to_a_configuration(void **state)
{
	static const char *const lines[] = {
		"CMD [\"a\", \"b c\"]", "ENTRYPOINT run this", "ENV A=1", "ENV A=2",   "env B 3",
		"LABEL k=\"v w\"",	"EXPOSE 80 90/udp",    "USER=me", "WORKDIR /w"
	};
	auto(keg_arena) arena = { 0 };
	struct image_run_config config = { 0 };
	struct keg_err err;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(lines); i++)
		assert_int_equal(image_config_change(&config, lines[i], &arena, &err), 0);
	assert_int_equal(config.n_cmd, 2);
	assert_string_equal(config.cmd[1], "b c");
	assert_int_equal(config.n_entrypoint, 3);
	assert_string_equal(config.entrypoint[2], "run this");
	assert_int_equal(config.n_env, 2);
	assert_string_equal(config.env[0], "A=2");
	assert_string_equal(config.env[1], "B=3");
	assert_string_equal(config.labels[0].value, "v w");
	assert_string_equal(config.exposed_ports[0], "80/tcp");
	assert_string_equal(config.exposed_ports[1], "90/udp");
	assert_string_equal(config.user, "me");
	assert_string_equal(config.working_dir, "/w");
}

static void a_change_that_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[] = { "", "RUN x", "CMD", "ENV A", "LABEL =", "CMDx y" };
	auto(keg_arena) arena = { 0 };
	struct image_run_config config = { 0 };
	struct keg_err err;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(lines); i++)
		assert_int_equal(image_config_change(&config, lines[i], &arena, &err), -KEG_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_is_named_by_its_specifier),
		cmocka_unit_test(parts_of_a_specifier_may_be_left_out),
		cmocka_unit_test(an_image_of_the_store_may_be_given_by_id),
		cmocka_unit_test(malformed_names_of_the_store_are_refused),
		cmocka_unit_test(an_archive_is_named_by_path_and_tag_or_index),
		cmocka_unit_test(malformed_names_of_archives_are_refused),
		cmocka_unit_test(the_most_specific_scope_stands_first),
		cmocka_unit_test(names_from_no_registry_belong_to_this_machine),
		cmocka_unit_test(changes_are_applied_to_a_configuration),
		cmocka_unit_test(a_change_that_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
