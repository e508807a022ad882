/* SPDX-License-Identifier: Apache-2.0 */
/* crypt_keys.h - the keys that --encryption-key and --decryption-key name (RSA, in PEM or DER). */
#ifndef KEG_IMAGE_CRYPT_KEYS_H
#define KEG_IMAGE_CRYPT_KEYS_H

#include <openssl/evp.h>
#include <stddef.h>

#include "base/err.h"

/* Start from {0}. */
struct crypt_keys {
	EVP_PKEY **v;
	size_t n;
};
void crypt_keys_done(struct crypt_keys *keys);
KEG_AUTO(crypt_keys, crypt_keys_done)

/* "jwe:FILE" with a public key. KEG_EUNSUPPORTED for what other protocols name. */
int crypt_keys_add_public(struct crypt_keys *keys, const char *spec,
			  struct keg_err *err) KEG_MUST_CHECK;

/* "FILE[:PASSWORD]" with a private key; PASSWORD is "pass=...", "file=FILE", "fd=N" or itself. */
int crypt_keys_add_private(struct crypt_keys *keys, const char *spec,
			   struct keg_err *err) KEG_MUST_CHECK;

#endif
