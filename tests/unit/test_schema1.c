/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/schema1.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define ID(c) c "123456789abcdef0123456789abcdef" HEX32
#define SUM "{\"blobSum\":\"sha256:" HEX32 HEX32 "\"}"
#define ENTRY(id, more) "{\"v1Compatibility\":\"{\\\"id\\\":\\\"" id "\\\"" more "}\"}"
#define PARENT(id) ",\\\"parent\\\":\\\"" id "\\\""
#define DOC(layers, history)                                                             \
	"{\"name\":\"a/b\",\"tag\":\"1\",\"architecture\":\"arm\",\"fsLayers\":[" layers \
	"],\"history\":[" history "],\"schemaVersion\":1}"

static int parse(const char *text, struct keg_arena *arena, struct schema1 *out,
		 struct keg_err *err)
{
	return schema1_parse(text, strlen(text), arena, out, err);
}

static void layers_stand_lowest_first(void **state)
{
	static const char text[] = DOC(
		SUM "," SUM,
		ENTRY(ID("b"), PARENT(ID("a")) ",\\\"throwaway\\\":true") "," ENTRY(
			ID("a"), ",\\\"container_config\\\":{\\\"Cmd\\\":[\\\"x\\\",\\\"y\\\"]}"));
	struct keg_err err = { 0 };
	struct schema1 image;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) out = { 0 };

	(void)state;
	assert_int_equal(parse(text, &arena, &image, &err), 0);
	assert_int_equal(image.n_layers, 2);
	assert_string_equal(image.layers[0].id, ID("a"));
	assert_string_equal(image.layers[0].command, "x y");
	assert_true(image.layers[1].throwaway);
	schema1_emit(&image, &out);
	assert_string_equal(keg_buf_text(&out), text);
}

static void what_repeats_the_layer_below_is_left_out(void **state)
{
	struct keg_err err = { 0 };
	struct schema1 image;
	auto(keg_arena) arena = { 0 };

	(void)state;
	assert_int_equal(
		parse(DOC(SUM "," SUM "," SUM, ENTRY(ID("b"), PARENT(ID("a"))) "," ENTRY(
						       ID("a"), "") "," ENTRY(ID("a"), "")),
		      &arena, &image, &err),
		0);
	assert_int_equal(image.n_layers, 2);
	assert_string_equal(image.layers[1].id, ID("b"));
}

static void hostile_documents_are_refused_and_named(void **state)
{
	static const struct {
		const char *text, *reason;
	} table[] = {
		{ "", "" },
		{ "[]", "" },
		{ "{}", "schemaVersion" },
		{ "{\"schemaVersion\":2}", "version 2" },
		{ "{\"schemaVersion\":1}", "no FSLayers" },
		{ DOC(SUM, ""), "length of history" },
		{ DOC(SUM, ENTRY("12", "")), "image ID \"12\" is invalid" },
		{ DOC(SUM, ENTRY(ID("a"), PARENT(ID("b")))), "Invalid parent ID in the base" },
		{ DOC(SUM "," SUM, ENTRY(ID("b"), PARENT(ID("c"))) "," ENTRY(ID("a"), "")),
		  "Expected " ID("a") },
		{ DOC(SUM "," SUM "," SUM,
		      ENTRY(ID("a"), PARENT(ID("b"))) "," ENTRY(ID("b"), PARENT(ID("a"))) "," ENTRY(
			      ID("a"), "")),
		  "appears multiple times" },
		{ DOC("{\"blobSum\":\"../x\"}", ENTRY(ID("a"), "")), "history entry 0" },
		{ DOC(SUM, "{\"v1Compatibility\":\"not json\"}"), "history entry 0" },
		{ DOC(SUM, "{\"v1Compatibility\":\"[]\"}"), "history entry 0" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct schema1 image;
		auto(keg_arena) arena = { 0 };

		assert_true(parse(table[i].text, &arena, &image, &err) < 0);
		assert_non_null(strstr(err.msg, table[i].reason));
	}
}

static void the_payload_is_what_was_signed(void **state)
{
	static const char text[] = "{ ,\"schemaVersion\":1}";
	static const char good[] = "{\"schemaVersion\":1,\"signatures\":[{\"protected\":"
				   "\"eyJmb3JtYXRMZW5ndGgiOjE4LCJmb3JtYXRUYWlsIjoiZlEifQ\"}]}";
	static const char far[] = "{\"schemaVersion\":1,\"signatures\":[{\"protected\":"
				  "\"eyJmb3JtYXRMZW5ndGgiOjk5OTksImZvcm1hdFRhaWwiOiJmUSJ9\"}]}";
	struct keg_err err = { 0 };
	auto(keg_buf) out = { 0 };

	(void)state;
	assert_int_equal(schema1_payload(text, strlen(text), &out, &err), 0);
	assert_int_equal(schema1_payload(good, strlen(good), &out, &err), 1);
	assert_string_equal(keg_buf_text(&out), "{\"schemaVersion\":1}");
	assert_int_equal(schema1_payload(far, strlen(far), &out, &err), -KEG_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_stand_lowest_first),
		cmocka_unit_test(what_repeats_the_layer_below_is_left_out),
		cmocka_unit_test(hostile_documents_are_refused_and_named),
		cmocka_unit_test(the_payload_is_what_was_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
