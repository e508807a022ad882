/* SPDX-License-Identifier: Apache-2.0 */
/* The annotations of an encrypted layer: the input once as what is wrapped, once as the options. */
#include <openssl/rsa.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/num.h"
#include "image/crypt_layer.h"
#include "image/jwe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key for all runs, small so that they are quick. */
static const struct crypt_keys *keys(void)
{
	static EVP_PKEY *key;
	static struct crypt_keys all = { &key, 1 };

	if (!key)
		key = EVP_RSA_gen(1024);
	return &all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	struct crypt_layer layer;
	auto(keg_buf) plain = { 0 };
	autofree char *text = keg_base64(data, size);
	const struct keg_pair annotations[] = {
		{ CRYPT_ANNOTATIONS "keys.jwe", text },
		{ CRYPT_ANNOTATIONS "pubopts", text },
	};

	(void)!jwe_open(keys(), (const char *)data, size, &plain, &err);
	(void)!crypt_layer_unwrap(annotations, 2, keys(), &layer, &err);
	return 0;
}
