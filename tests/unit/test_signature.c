/* SPDX-License-Identifier: Apache-2.0 */
#include "image/signature.h"

#include <string.h>

#include "base/mem.h"
#include "image/registries_d.h"
#include "image/sign_payload.h"

#include "cmocka_keg.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define CRITICAL(type, digest)                                                   \
	"{\"type\":\"" type "\",\"image\":{\"docker-manifest-digest\":\"" digest \
	"\"},\"identity\":{\"docker-reference\":\"q.io/a:1\"}}"
#define SIMPLE CRITICAL("atomic container signature", DIGEST)

static void files_are_told_by_how_they_begin(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int code;
	} rows[] = {
		{ "\x90\x01", 2, 0 },
		{ "\xA3\x01", 2, 0 },
		{ "\xC4\x01", 2, 0 },
		{ "\x89\x01", 2, 0 },
		{ "\0simple-signing\nabc", 19, 0 },
		{ "\0sigstore-json\n{\"mimeType\":\"a\",\"payload\":\"YQ==\"}", 48, 0 },
		{ "", 0, -KEG_ECORRUPT },
		{ "{}", 2, -KEG_ECORRUPT },
		{ "\x99\x01", 2, -KEG_ECORRUPT }, /* a public key */
		{ "\0simple-signing", 15, -KEG_ECORRUPT },
		{ "\0other\nabc", 10, -KEG_ECORRUPT },
		{ "\0sigstore-json\n[", 16, -KEG_ECORRUPT },
		{ "\0sigstore-json\n{\"payload\":\"?\"}", 30, -KEG_EUSAGE },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		auto(signature) sig = { 0 };
		struct keg_err err;

		int r = signature_parse(rows[i].bytes, rows[i].len, &sig, &err);
		if (r != rows[i].code)
			fail_msg("row %zu: %d", i, r);
	}
}

static void what_is_written_is_read_again(void **state)
{
	auto(signature) sig = { .sigstore = true };
	auto(signature) back = { 0 };
	auto(keg_buf) text = { 0 };
	struct keg_err err;

	(void)state;
	sig.media_type = keg_strdup(SIGSTORE_MEDIA);
	sig.annotations = json_object_new_object();
	keg_json_put_str(sig.annotations, SIGSTORE_SIGNATURE, "MEUC");
	keg_buf_add(&sig.bytes, "a\0b", 3);
	signature_emit(&sig, &text);
	assert_int_equal(signature_parse(text.data, text.len, &back, &err), 0);
	assert_true(signature_equal(&sig, &back));
	assert_string_equal(signature_annotation(&back, SIGSTORE_SIGNATURE), "MEUC");
}

static void payloads_say_exactly_what_they_must(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "{\"critical\":" SIMPLE ",\"optional\":{}}", true },
		{ "{\"critical\":" SIMPLE
		  ",\"optional\":{\"creator\":\"x\",\"timestamp\":7,\"y\":[]}}",
		  true },
		{ "{\"critical\":" SIMPLE ",\"optional\":{\"timestamp\":1.7e9}}", true },
		{ "{\"critical\":" SIMPLE "}", false },
		{ "{\"critical\":" SIMPLE ",\"optional\":null}", false },
		{ "{\"critical\":" SIMPLE ",\"optional\":{},\"more\":1}", false },
		{ "{\"critical\":" SIMPLE ",\"critical\":" SIMPLE ",\"optional\":{}}", false },
		{ "{\"critical\":" SIMPLE ",\"optional\":{\"timestamp\":1.5}}", false },
		{ "{\"critical\":" SIMPLE ",\"optional\":{\"timestamp\":\"1\"}}", false },
		{ "{\"critical\":" SIMPLE ",\"optional\":{\"creator\":1}}", false },
		{ "{\"critical\":" CRITICAL("cosign container image signature",
					    DIGEST) ",\"optional\":{}}",
		  false },
		{ "{\"critical\":" CRITICAL("atomic container signature",
					    "sha256:1") ",\"optional\":{}}",
		  false },
		{ "{\"optional\":{}}", false },
		{ "[]", false },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		auto(keg_arena) arena = { 0 };
		struct sign_payload payload;
		struct keg_err err;

		int r = sign_payload_parse(SIGN_SIMPLE, rows[i].text, strlen(rows[i].text), &arena,
					   &payload, &err);
		if ((r >= 0) != rows[i].good)
			fail_msg("%s: %s", rows[i].text, r < 0 ? err.msg : "is taken");
	}
}

static void our_payloads_are_such(void **state)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct sign_payload payload;
	struct keg_err err;

	(void)state;
	sign_payload_emit(SIGN_SIGSTORE, DIGEST, "q.io/a:1", &text);
	assert_int_equal(
		sign_payload_parse(SIGN_SIGSTORE, text.data, text.len, &arena, &payload, &err), 0);
	assert_string_equal(payload.digest, DIGEST);
	assert_string_equal(payload.reference, "q.io/a:1");
	assert_true(payload.timestamp > 0 && strncmp(payload.creator, "keg ", 4) == 0);
}

static int add(struct registries_d *config, const char *text, struct keg_err *err)
{
	return registries_d_add(config, text, strlen(text), "x.yaml", err);
}

static void lookasides_are_those_of_the_narrowest_scope(void **state)
{
	static const struct image_access access = { 0 };
	auto(registries_d) config = { 0 };
	struct keg_err err;
	static const struct {
		const char *name, *lookaside, *staging;
		bool attachments;
	} rows[] = {
		{ "q.io/a:1", "file:///exact/a", "file:///staged/a", true },
		{ "q.io/a:2", "http://repo/a", "http://repo/a", false },
		{ "q.io/b:1", "file:///old/b", "file:///older/b", true },
		{ "w.example.com/b:1", "file:///wild/b", "file:///wild/b", false },
		{ "z.io/c:1", "file:///rest/c", "file:///rest/c", false },
	};

	(void)state;
	assert_int_equal(
		add(&config,
		    "docker:\n"
		    "  q.io/a:1:\n    lookaside: file:///exact\n"
		    "    lookaside-staging: file:///staged\n"
		    "    use-sigstore-attachments: true\n"
		    "  q.io/a: {lookaside: 'http://repo', use-sigstore-attachments: false}\n"
		    "  q.io: {sigstore: 'file:///old', sigstore-staging: 'file:///older',\n"
		    "         use-sigstore-attachments: true, unheard-of: [1]}\n",
		    &err),
		0);
	assert_int_equal(add(&config,
			     "default-docker: {lookaside: 'file:///rest'}\n"
			     "docker: {'*.example.com': {lookaside: 'file:///wild'}}\n",
			     &err),
			 0);
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		auto(signature_place) place = { 0 };
		auto(reference) ref = { 0 };

		assert_int_equal(reference_parse_normalized(rows[i].name, &ref, &err), 0);
		assert_int_equal(registries_d_find(&config, &access, &ref, &place, &err), 0);
		assert_string_equal(place.lookaside, rows[i].lookaside);
		assert_string_equal(place.staging, rows[i].staging);
		assert_int_equal(place.attachments, rows[i].attachments);
	}
}

static void what_is_said_twice_or_wrongly_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "docker: {q.io: {lookaside: 'file:///b'}}", "namespace \"q.io\" defined both" },
		{ "default-docker: {}", "\"default-docker\" defined both" },
		{ "docker: {r.io: {lookaside: [1]}}", "r.io.lookaside: not a text" },
		{ "docker: {r.io: {use-sigstore-attachments: 7}}", "neither true nor false" },
		{ "docker: {r.io: 1}", "r.io: not a mapping" },
		{ "docker: []", "docker: not a mapping" },
		{ "[1]", "not a mapping" },
		{ "a: {", "parsing x.yaml: line" },
	};
	auto(registries_d) config = { 0 };
	struct keg_err err;

	(void)state;
	assert_int_equal(add(&config, "docker: {q.io: {}}\ndefault-docker: {}\n", &err), 0);
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		assert_int_equal(add(&config, rows[i].text, &err), -KEG_ECORRUPT);
		if (!strstr(err.msg, rows[i].says))
			fail_msg("%s: %s", rows[i].text, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_told_by_how_they_begin),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(payloads_say_exactly_what_they_must),
		cmocka_unit_test(our_payloads_are_such),
		cmocka_unit_test(lookasides_are_those_of_the_narrowest_scope),
		cmocka_unit_test(what_is_said_twice_or_wrongly_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
