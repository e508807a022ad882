/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_config.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define SUM "sha256:" HEX32 HEX32

static const char full[] =
	"{\"created\":\"2024-05-01T12:00:00Z\",\"author\":\"a\",\"architecture\":\"arm\","
	"\"variant\":\"v7\",\"os\":\"linux\",\"config\":{\"User\":\"1:2\",\"ExposedPorts\":"
	"{\"80/tcp\":{}},\"Env\":[\"A=b\"],\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\",\"d\"],"
	"\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":30000000000,\"Retries\":3},"
	"\"ArgsEscaped\":true,\"Volumes\":{\"/v\":{}},\"WorkingDir\":\"/w\","
	"\"OnBuild\":[\"RUN x\"],\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGINT\","
	"\"StopTimeout\":7,\"Shell\":[\"/bin/sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":"
	"[\"" SUM "\"]},\"history\":[{\"created_by\":\"x\",\"empty_layer\":true}]}";

static int parse(const char *text, struct keg_arena *arena, struct image_config *out,
		 struct keg_err *err)
{
	return image_config_parse(text, strlen(text), arena, out, err);
}

static void every_member_is_read(void **state)
{
	struct keg_err err = { 0 };
	struct image_config config;
	struct platform platform;
	auto(keg_arena) arena = { 0 };

	(void)state;
	assert_int_equal(parse(full, &arena, &config, &err), 0);
	assert_string_equal(config.config->user, "1:2");
	assert_string_equal(config.config->exposed_ports[0], "80/tcp");
	assert_int_equal(config.config->n_cmd, 2);
	assert_string_equal(config.config->cmd[1], "d");
	assert_int_equal(config.config->healthcheck->interval, 30000000000);
	assert_int_equal(config.config->healthcheck->retries, 3);
	assert_string_equal(config.config->labels[0].value, "v");
	assert_int_equal(*config.config->stop_timeout, 7);
	assert_string_equal(config.rootfs->diff_ids[0], SUM);
	assert_true(config.history[0].empty_layer);
	image_config_platform(&config, &platform);
	assert_string_equal(platform.variant, "v7");
}

static void what_was_read_is_written_the_same(void **state)
{
	struct keg_err err = { 0 };
	struct image_config config;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) once = { 0 };
	auto(keg_buf) twice = { 0 };

	(void)state;
	assert_int_equal(parse(full, &arena, &config, &err), 0);
	image_config_emit(&config, &once);
	assert_int_equal(parse(keg_buf_text(&once), &arena, &config, &err), 0);
	image_config_emit(&config, &twice);
	assert_string_equal(keg_buf_text(&once), keg_buf_text(&twice));
	assert_int_equal(once.len, strlen(full));
}

static void an_empty_object_has_an_empty_config_and_rootfs(void **state)
{
	struct keg_err err = { 0 };
	struct image_config config;
	auto(keg_arena) arena = { 0 };

	(void)state;
	assert_int_equal(parse("{\"config\":null}", &arena, &config, &err), 0);
	assert_non_null(config.config);
	assert_int_equal(config.rootfs->n_diff_ids, 0);
}

static void a_command_of_one_string_is_a_list_of_one(void **state)
{
	struct keg_err err = { 0 };
	struct image_config config;
	auto(keg_arena) arena = { 0 };

	(void)state;
	assert_int_equal(
		parse("{\"config\":{\"Cmd\":\"sh\",\"Entrypoint\":null}}", &arena, &config, &err),
		0);
	assert_int_equal(config.config->n_cmd, 1);
	assert_string_equal(config.config->cmd[0], "sh");
	assert_int_equal(config.config->n_entrypoint, 0);
}

static void hostile_configs_are_refused_and_named(void **state)
{
	static const struct {
		const char *text, *reason;
	} table[] = {
		{ "", "JSON" },
		{ "[]", "not a JSON object" },
		{ "{\"config\":{\"Env\":[1]}}", "Env" },
		{ "{\"config\":{\"Env\":{}}}", "Env" },
		{ "{\"config\":[]}", "config" },
		{ "{\"rootfs\":{\"diff_ids\":[\"../../x\"]}}", "diff_ids[0]" },
		{ "{\"rootfs\":{\"diff_ids\":[\"" SUM "0\"]}}", "diff_ids[0]" },
		{ "{\"history\":[1]}", "history" },
		{ "{\"config\":{\"Labels\":{\"a\":1}}}", "Labels" },
		{ "{\"os\":\"a\\u0000b\"}", "os" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct image_config config;
		auto(keg_arena) arena = { 0 };

		assert_int_equal(parse(table[i].text, &arena, &config, &err), -KEG_ECORRUPT);
		assert_non_null(strstr(err.msg, table[i].reason));
	}
}

static void layers_without_end_are_refused(void **state)
{
	struct keg_err err = { 0 };
	struct image_config config;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };

	(void)state;
	keg_buf_puts(&text, "{\"rootfs\":{\"diff_ids\":[\"" SUM "\"");
	for (int i = 0; i < IMAGE_CONFIG_LAYERS_MAX; i++)
		keg_buf_puts(&text, ",\"" SUM "\"");
	keg_buf_puts(&text, "]}}");
	assert_int_equal(parse(keg_buf_text(&text), &arena, &config, &err), -KEG_ECORRUPT);
	assert_non_null(strstr(err.msg, "layers"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_is_read),
		cmocka_unit_test(what_was_read_is_written_the_same),
		cmocka_unit_test(an_empty_object_has_an_empty_config_and_rootfs),
		cmocka_unit_test(a_command_of_one_string_is_a_list_of_one),
		cmocka_unit_test(hostile_configs_are_refused_and_named),
		cmocka_unit_test(layers_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
