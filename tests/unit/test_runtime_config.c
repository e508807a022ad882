/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/runtime_config.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/cmocka_keg.h"

/* Does every member of `want` stand in `have` with the same value? Names the first that does not.
 */
static void assert_covers(struct json_object *want, struct json_object *have, const char *where)
{
	if (!json_object_is_type(want, json_type_object)) {
		if (!json_object_equal(want, have))
			fail_msg("%s: %s became %s", where, json_object_to_json_string(want),
				 json_object_to_json_string(have));
		return;
	}
	json_object_object_foreach(want, name, member)
	{
		struct json_object *there = NULL;

		/* false is what absence means, so it need not be written. */
		if (!json_object_object_get_ex(have, name, &there) &&
		    !(json_object_is_type(member, json_type_boolean) &&
		      !json_object_get_boolean(member)))
			fail_msg("%s.%s is lost", where, name);
		if (there)
			assert_covers(member, there, name);
	}
}

static void every_member_of_the_specification_survives_both_ways(void **state)
{
	struct keg_err err = { 0 };
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	autojson document = NULL;
	struct oci_config config;
	const char *path = "tests/fuzz/corpus/runtime_config/full"; /* meson's workdir */

	(void)state;
	if (keg_file_read(AT_FDCWD, path, OCI_CONFIG_MAX, &text, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(keg_json_parse(text.data, text.len, &document, &err), 0);
	assert_int_equal(oci_config_decode(document, &config, &arena, &err), 0);
	autojson back = oci_config_encode(&config);
	assert_covers(document, back, "config");
}

static int parse(const char *text, struct oci_config *config, struct keg_arena *arena,
		 struct keg_err *err)
{
	return oci_config_parse(text, strlen(text), config, arena, err);
}

static void what_is_absent_is_null(void **state)
{
	struct keg_err err = { 0 };
	auto(keg_arena) arena = { 0 };
	struct oci_config config;

	(void)state;
	assert_int_equal(parse("{\"ociVersion\":\"1.0.0\",\"process\":{\"cwd\":\"/\"}}", &config,
			       &arena, &err),
			 0);
	assert_null(config.os);
	assert_null(config.process->user);
	assert_null(config.process->oom_score_adj);
	assert_int_equal(config.process->n_args, 0);
}

static void a_wrong_type_names_its_field(void **state)
{
	static const char *const table[][2] = {
		{ "{}", "ociVersion: missing" },
		{ "{\"ociVersion\":1}", "ociVersion: not a string" },
		{ "{\"ociVersion\":\"1\",\"linux\":{\"resources\":{\"pids\":{\"limit\":\"x\"}}}}",
		  "linux: resources: pids: limit: not a whole number" },
		{ "{\"ociVersion\":\"1\",\"process\":{\"user\":{\"uid\":-1}}}",
		  "process: user: uid: not in range" },
		{ "{\"ociVersion\":\"1\",\"mounts\":[{\"type\":\"bind\"}]}",
		  "mounts[0]: destination: missing" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		auto(keg_arena) arena = { 0 };
		struct oci_config config;

		assert_int_equal(parse(table[i][0], &config, &arena, &err), -KEG_ECORRUPT);
		assert_string_equal(err.msg, table[i][1]);
	}
}

static void an_annotation_is_found_by_its_name(void **state)
{
	struct keg_err err = { 0 };
	auto(keg_arena) arena = { 0 };
	struct oci_config config;

	(void)state;
	assert_int_equal(parse("{\"ociVersion\":\"1\",\"annotations\":{\"a\":\"1\",\"b\":\"2\"}}",
			       &config, &arena, &err),
			 0);
	assert_string_equal(oci_annotation(&config, "b"), "2");
	assert_null(oci_annotation(&config, "c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_of_the_specification_survives_both_ways),
		cmocka_unit_test(what_is_absent_is_null),
		cmocka_unit_test(a_wrong_type_names_its_field),
		cmocka_unit_test(an_annotation_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
