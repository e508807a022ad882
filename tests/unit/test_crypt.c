/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/rsa.h>
#include <string.h>

#include "base/num.h"
#include "base/strv.h"
#include "image/crypt_layer.h"
#include "image/jwe.h"
#include "tests/unit/cmocka_keg.h"

static const char text[] = "some bytes that are no multiple of a block";

static void what_is_sealed_is_opened_by_its_readers_alone(void **state)
{
	EVP_PKEY *pair[] = { EVP_RSA_gen(2048), EVP_RSA_gen(2048) };
	struct keg_err err = { 0 };

	(void)state;
	for (size_t readers = 1; readers <= 2; readers++) {
		const struct crypt_keys to = { pair, readers };
		auto(keg_buf) sealed = { 0 };

		assert_int_equal(jwe_seal(&to, text, sizeof text, &sealed, &err), 0);
		for (size_t i = 0; i < 2; i++) {
			const struct crypt_keys key = { &pair[i], 1 };
			auto(keg_buf) plain = { 0 };

			int r = jwe_open(&key, sealed.data, sealed.len, &plain, &err);
			assert_int_equal(r, i < readers ? 0 : -KEG_EAUTH);
			if (r < 0)
				continue;
			assert_int_equal(plain.len, sizeof text);
			assert_memory_equal(plain.data, text, sizeof text);
		}
		/* A changed character of the ciphertext is no longer what was sealed. */
		char *at = strstr(sealed.data, "\"ciphertext\":\"") + 14;
		auto(keg_buf) plain = { 0 };
		*at = *at == 'A' ? 'B' : 'A';
		assert_int_equal(jwe_open(&to, sealed.data, sealed.len, &plain, &err), -KEG_EAUTH);
	}
	EVP_PKEY_free(pair[0]);
	EVP_PKEY_free(pair[1]);
}

static void malformed_messages_are_named(void **state)
{
	/* {"alg":"RSA-OAEP","enc":"A256GCM"}, {"enc":"A256CBC-HS512"},
	 * {"alg":"dir","enc":"A256GCM"} */
	static const struct {
		const char *text, *reason;
	} table[] = {
		{ "", "JWE" },
		{ "[]", "JWE" },
		{ "{}", "JWE" },
		{ "{\"protected\":\"!\"}", "protected is no base64" },
		{ "{\"protected\":\"eyJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0\"}",
		  "\"A256CBC-HS512\" is not built" },
		{ "{\"protected\":\"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ\"}",
		  "wrong length" },
		{ "{\"protected\":\"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0\",\"iv\":"
		  "\"AAAAAAAAAAAAAAAA\","
		  "\"tag\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
		  "\"dir\" is not built" },
	};
	const struct crypt_keys none = { 0 };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		auto(keg_buf) plain = { 0 };

		assert_true(jwe_open(&none, table[i].text, strlen(table[i].text), &plain, &err) <
			    0);
		assert_non_null(strstr(err.msg, table[i].reason));
	}
}

static void a_layer_is_what_it_was_or_an_error(void **state)
{
	struct keg_err err = { 0 };
	struct crypt_layer layer;
	auto(keg_buf) sealed = { 0 }, plain = { 0 };
	struct stream_in *in = NULL;

	(void)state;
	assert_int_equal(crypt_layer_new(&layer, &err), 0);
	assert_int_equal(
		crypt_layer_encrypt(&layer, stream_in_memory(text, sizeof text), &in, &err), 0);
	assert_int_equal(stream_read_all(in, 1024, &sealed, &err), 0);
	stream_in_close(in);
	assert_true(layer.sealed);
	assert_int_equal(sealed.len, sizeof text);
	assert_memory_not_equal(sealed.data, text, sizeof text);

	assert_int_equal(
		crypt_layer_decrypt(&layer, stream_in_memory(sealed.data, sealed.len), &in, &err),
		0);
	assert_int_equal(stream_read_all(in, 1024, &plain, &err), 0);
	stream_in_close(in);
	assert_memory_equal(plain.data, text, sizeof text);

	sealed.data[3] ^= 1;
	assert_int_equal(
		crypt_layer_decrypt(&layer, stream_in_memory(sealed.data, sealed.len), &in, &err),
		0);
	assert_int_equal(stream_read_all(in, 1024, &plain, &err), -KEG_ECORRUPT);
	stream_in_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_is_opened_by_its_readers_alone),
		cmocka_unit_test(malformed_messages_are_named),
		cmocka_unit_test(a_layer_is_what_it_was_or_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
