/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigstore_key.h - the keys of sigstore's signatures: ECDSA, RSA and Ed25519 over SHA-256, as
 * cosign has them. Secret ones stand in files encrypted by a passphrase.
 */
#ifndef KEG_IMAGE_SIGSTORE_KEY_H
#define KEG_IMAGE_SIGSTORE_KEY_H

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/err.h"

/* A new pair (ECDSA over P-256, which every reader knows), as PEM; appended. */
int sigstore_key_generate(const char *passphrase, struct keg_buf *public_pem,
			  struct keg_buf *secret_pem, struct keg_err *err) KEG_MUST_CHECK;

/* A file with a secret key; KEG_EAUTH when the passphrase is not its. The caller frees. */
int sigstore_key_read(const char *path, const char *passphrase, EVP_PKEY **out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* One public key in PEM. The caller frees. */
int sigstore_key_public(const struct keg_buf *pem, EVP_PKEY **out,
			struct keg_err *err) KEG_MUST_CHECK;

/* The public half in PEM, appended. */
int sigstore_key_pem(EVP_PKEY *key, struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

/* The signature over the text, appended. */
int sigstore_key_sign(EVP_PKEY *key, const struct keg_buf *text, struct keg_buf *out,
		      struct keg_err *err) KEG_MUST_CHECK;
/* KEG_EDENIED unless it is the key's over the text. */
int sigstore_key_verify(EVP_PKEY *key, const struct keg_buf *text, const void *signature,
			size_t len, struct keg_err *err) KEG_MUST_CHECK;

#endif
