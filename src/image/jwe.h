/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwe.h - JSON Web Encryption (RFC 7516) in its JSON serializations, as ocicrypt uses it: the
 * content key for each recipient by RSA-OAEP, the content by AES-GCM.
 */
#ifndef KEG_IMAGE_JWE_H
#define KEG_IMAGE_JWE_H

#include "base/buf.h"
#include "image/crypt_keys.h"

/* Seal for all of the keys, of which there is one at least; JSON, appended. */
int jwe_seal(const struct crypt_keys *keys, const void *plain, size_t len, struct keg_buf *out,
	     struct keg_err *err) KEG_MUST_CHECK;

/*
 * The content, appended, by the first of the keys that opens it. KEG_EAUTH when none does,
 * KEG_ECORRUPT for what breaks the format, KEG_EUNSUPPORTED for other algorithms.
 */
int jwe_open(const struct crypt_keys *keys, const char *text, size_t len, struct keg_buf *plain,
	     struct keg_err *err) KEG_MUST_CHECK;

#endif
