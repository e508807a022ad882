/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/manifest.h"

#include <string.h>

#include "base/strv.h"
#include "spec/layout.h"
#include "tests/unit/cmocka_keg.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define SUM "sha256:" HEX32 HEX32
#define CONFIG(media) "\"config\":{\"mediaType\":\"" media "\",\"digest\":\"" SUM "\",\"size\":7}"
#define LAYER(media) "{\"mediaType\":\"" media "\",\"digest\":\"" SUM "\",\"size\":9}"
#define OCI                                                                                   \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST                            \
	"\"," CONFIG(MEDIA_OCI_CONFIG) ",\"layers\":[" LAYER(MEDIA_OCI_LAYER_GZIP) "," LAYER( \
		MEDIA_OCI_LAYER) "],\"annotations\":{\"a\":\"b\"}}"
#define ENTRY(arch, more)                                                              \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"size\":1,\"digest\":\"" SUM "\"," \
	"\"platform\":{\"architecture\":\"" arch "\",\"os\":\"linux\"" more "}}"

static int parse(const char *text, const char *media, struct keg_arena *arena,
		 struct manifest_doc *out, struct keg_err *err)
{
	return manifest_parse(text, strlen(text), media, arena, out, err);
}

static void the_kind_follows_from_the_bytes(void **state)
{
	static const struct {
		const char *text, *media;
		enum manifest_kind kind;
	} table[] = {
		{ OCI, NULL, MANIFEST_OCI },
		{ "{\"schemaVersion\":2," CONFIG(MEDIA_OCI_CONFIG) ",\"layers\":[]}", NULL,
		  MANIFEST_OCI },
		{ "{\"schemaVersion\":2," CONFIG(MEDIA_DOCKER_CONFIG) ",\"layers\":[]}", NULL,
		  MANIFEST_DOCKER },
		{ "{\"schemaVersion\":2," CONFIG("x/y") ",\"layers\":[]}",
		  MEDIA_DOCKER_MANIFEST "; charset=utf-8", MANIFEST_DOCKER },
		{ "{\"schemaVersion\":2,\"manifests\":[]}", NULL, MANIFEST_OCI_INDEX },
		{ "{\"schemaVersion\":2,\"manifests\":[]}", MEDIA_DOCKER_LIST,
		  MANIFEST_DOCKER_LIST },
		{ "{\"schemaVersion\":2,\"manifests\":[]}", MEDIA_OCI_MANIFEST, MANIFEST_UNKNOWN },
		{ "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", NULL, MANIFEST_UNKNOWN },
		{ "{\"schemaVersion\":2,\"mediaType\":\"a/b\",\"layers\":[]}", NULL,
		  MANIFEST_UNKNOWN },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, MANIFEST_DOCKER_SCHEMA1 },
		{ "{\"schemaVersion\":3,\"layers\":[]}", NULL, MANIFEST_UNKNOWN },
		{ "{}", MEDIA_OCI_MANIFEST, MANIFEST_UNKNOWN },
		{ "[]", MEDIA_OCI_MANIFEST, MANIFEST_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		autojson root = NULL;

		assert_int_equal(keg_json_parse(table[i].text, strlen(table[i].text), &root, &err),
				 0);
		assert_int_equal(manifest_guess(root, table[i].media), table[i].kind);
	}
}

static void a_manifest_is_read_and_written(void **state)
{
	struct keg_err err = { 0 };
	struct manifest_doc doc;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };

	(void)state;
	assert_int_equal(parse(OCI, NULL, &arena, &doc, &err), 0);
	assert_int_equal(doc.kind, MANIFEST_OCI);
	assert_int_equal(doc.image.n_layers, 2);
	assert_int_equal(doc.image.layers[1].size, 9);
	assert_string_equal(doc.image.config->digest, SUM);
	manifest_emit(&doc.image, &text);
	assert_string_equal(keg_buf_text(&text), OCI);
}

static void hostile_manifests_are_refused_and_named(void **state)
{
#define DOC(layers) "{\"schemaVersion\":2," CONFIG(MEDIA_OCI_CONFIG) ",\"layers\":" layers "}"
	static const struct {
		const char *text, *reason;
		int code;
	} table[] = {
		{ "", "JSON", -KEG_ECORRUPT },
		{ "{\"schemaVersion\":2,\"layers\":[]}", "config: missing", -KEG_ECORRUPT },
		{ DOC("[{\"size\":-1,\"digest\":\"" SUM "\"}]"), "negative", -KEG_ECORRUPT },
		{ DOC("[{\"size\":1e99,\"digest\":\"" SUM "\"}]"), "size", -KEG_ECORRUPT },
		{ DOC("[{\"size\":\"1\",\"digest\":\"" SUM "\"}]"), "size", -KEG_ECORRUPT },
		{ DOC("[{\"digest\":\"" SUM "\"}]"), "size: missing", -KEG_ECORRUPT },
		{ DOC("[{\"size\":1}]"), "digest: missing", -KEG_ECORRUPT },
		{ DOC("[{\"size\":1,\"digest\":\"../x\"}]"), "layers[0]", -KEG_ECORRUPT },
		{ DOC("[7]"), "layers[0]", -KEG_ECORRUPT },
		{ DOC("{}"), "layers", -KEG_ECORRUPT },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", "schema 1", -KEG_EUNSUPPORTED },
		{ "{\"schemaVersion\":2,\"mediaType\":\"x/y\"}", "x/y", -KEG_EUNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct manifest_doc doc;
		auto(keg_arena) arena = { 0 };

		assert_int_equal(parse(table[i].text, NULL, &arena, &doc, &err), table[i].code);
		assert_non_null(strstr(err.msg, table[i].reason));
	}
}

static void the_nearest_platform_of_an_index_is_picked(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"manifests\":[" ENTRY("amd64", "") "," ENTRY(
			"arm",
			",\"variant\":\"v6\"") "," ENTRY("arm",
							 ",\"variant\":\"v7\"") ","
										"{\"size\":1,"
										"\"digest\":\"" SUM
										"\"}]}";
	static const struct {
		struct platform want;
		int at; /* -1: none */
	} table[] = {
		{ { .os = "linux", .architecture = "amd64" }, 0 },
		{ { .os = "linux", .architecture = "arm", .variant = "v7" }, 2 },
		{ { .os = "linux", .architecture = "arm", .variant = "v6" }, 1 },
		{ { .os = "linux", .architecture = "arm", .variant = "v8" }, 2 },
		{ { .os = "linux", .architecture = "s390x" }, 3 },
	};
	struct keg_err err = { 0 };
	struct manifest_doc doc;
	auto(keg_arena) arena = { 0 };

	(void)state;
	assert_int_equal(parse(text, NULL, &arena, &doc, &err), 0);
	for (size_t i = 0; i < KEG_COUNT(table); i++)
		assert_ptr_equal(manifest_index_pick(&doc.index, &table[i].want),
				 &doc.index.manifests[table[i].at]);
	doc.index.n_manifests = 3;
	assert_null(manifest_index_pick(&doc.index, &table[4].want));
}

static void formats_convert_into_each_other(void **state)
{
	struct keg_err err = { 0 };
	struct manifest_doc doc;
	struct manifest docker, back;
	auto(keg_arena) arena = { 0 };

	(void)state;
	assert_int_equal(parse(OCI, NULL, &arena, &doc, &err), 0);
	assert_int_equal(manifest_convert(&doc.image, MANIFEST_DOCKER, &arena, &docker, &err), 0);
	assert_string_equal(docker.media_type, MEDIA_DOCKER_MANIFEST);
	assert_string_equal(docker.config->media_type, MEDIA_DOCKER_CONFIG);
	assert_string_equal(docker.layers[0].media_type, MEDIA_DOCKER_LAYER_GZIP);
	assert_string_equal(docker.layers[1].media_type, MEDIA_DOCKER_LAYER);
	assert_int_equal(docker.n_annotations, 0);
	assert_int_equal(manifest_convert(&docker, MANIFEST_OCI, &arena, &back, &err), 0);
	assert_string_equal(back.layers[0].media_type, MEDIA_OCI_LAYER_GZIP);

	doc.image.layers[1].media_type = "text/plain";
	assert_int_equal(manifest_convert(&doc.image, MANIFEST_OCI, &arena, &back, &err), 0);
	assert_string_equal(back.layers[1].media_type, "text/plain");
	doc.image.config->media_type = "application/vnd.example";
	assert_int_equal(manifest_convert(&doc.image, MANIFEST_DOCKER, &arena, &docker, &err),
			 -KEG_EUNSUPPORTED);
	assert_non_null(strstr(err.msg, "on artifact with type \"application/vnd.example\""));
	assert_int_equal(manifest_convert(&doc.image, MANIFEST_OCI, &arena, &back, &err), 0);
	assert_string_equal(back.config->media_type, "application/vnd.example");
	doc.image.config->media_type = MEDIA_OCI_CONFIG;
	doc.image.layers[1].media_type = MEDIA_OCI_LAYER;

	doc.image.layers[0].media_type = MEDIA_OCI_LAYER_ZSTD;
	assert_int_equal(manifest_convert(&doc.image, MANIFEST_DOCKER, &arena, &docker, &err),
			 -KEG_EUNSUPPORTED);
}

static void layer_types_tell_their_packing(void **state)
{
	(void)state;
	assert_int_equal(media_packing_of(MEDIA_OCI_LAYER_ZSTD), MEDIA_ZSTD);
	assert_int_equal(media_packing_of(MEDIA_DOCKER_LAYER_GZIP), MEDIA_GZIP);
	assert_int_equal(media_packing_of(MEDIA_OCI_CONFIG), MEDIA_NOT_A_LAYER);
	assert_int_equal(media_packing_of(NULL), MEDIA_NOT_A_LAYER);
	assert_true(media_is_foreign("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
	assert_false(media_is_foreign(MEDIA_OCI_LAYER));
	assert_null(media_layer_as(MEDIA_OCI_LAYER_ZSTD, MANIFEST_DOCKER, MEDIA_ZSTD));
	assert_string_equal(media_layer_as(MEDIA_DOCKER_LAYER, MANIFEST_OCI, MEDIA_ZSTD),
			    MEDIA_OCI_LAYER_ZSTD);
	assert_string_equal(
		media_layer_as("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
			       MANIFEST_OCI, MEDIA_PLAIN),
		"application/vnd.oci.image.layer.nondistributable.v1.tar");
	assert_null(media_layer_as("text/plain", MANIFEST_OCI, MEDIA_PLAIN));
}

static void the_documents_of_layouts_are_checked(void **state)
{
	static const char archive_text[] =
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"a:b\"],\"Layers\":[\"l/layer.tar\"]}]";
	struct keg_err err = { 0 };
	struct docker_archive archive;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };

	(void)state;
	assert_int_equal(layout_check(OCI_LAYOUT_TEXT, strlen(OCI_LAYOUT_TEXT), &err), 0);
	assert_int_equal(layout_check("{\"imageLayoutVersion\":\"2\"}", 27, &err), -KEG_ECORRUPT);
	assert_int_equal(layout_check("{\"imageLayoutVersion\":\"2\"}", 26, &err),
			 -KEG_EUNSUPPORTED);
	assert_int_equal(layout_check("{}", 2, &err), -KEG_ECORRUPT);
	assert_int_equal(
		docker_archive_parse(archive_text, strlen(archive_text), &arena, &archive, &err),
		0);
	assert_int_equal(archive.n_items, 1);
	docker_archive_emit(&archive, &text);
	assert_string_equal(keg_buf_text(&text), archive_text);
	assert_int_equal(docker_archive_parse("[{}]", 4, &arena, &archive, &err), -KEG_ECORRUPT);
	assert_int_equal(docker_archive_parse("{}", 2, &arena, &archive, &err), -KEG_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kind_follows_from_the_bytes),
		cmocka_unit_test(a_manifest_is_read_and_written),
		cmocka_unit_test(hostile_manifests_are_refused_and_named),
		cmocka_unit_test(the_nearest_platform_of_an_index_is_picked),
		cmocka_unit_test(formats_convert_into_each_other),
		cmocka_unit_test(layer_types_tell_their_packing),
		cmocka_unit_test(the_documents_of_layouts_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
