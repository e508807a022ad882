/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - content digests as text, "algorithm:hex" (OCI image specification, descriptor.md).
 *
 * spec/ holds the public document formats: one file each for digests, references,
 * platforms, image configurations, manifests with their indexes, and the small documents of
 * layouts and archives. Nothing here does I/O, and all input is taken as hostile.
 */
#ifndef KEG_SPEC_DIGEST_H
#define KEG_SPEC_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	DIGEST_SHA256_LEN = 7 + 64,  /* "sha256:" and 64 hex digits */
	DIGEST_SHA512_LEN = 7 + 128, /* the longest valid digest */
};

/* Is `text` a sha256 or sha512 digest with the right number of lower-case hex digits? */
bool digest_is_valid(const char *text);
/* The same, or KEG_ECORRUPT naming the text (shortened) and what is wrong with it. */
int digest_check(const char *text, struct keg_err *err) KEG_MUST_CHECK;
bool digest_is_sha256(const char *text);

/* The hex digits of a valid digest, within `text`; use as a file name is safe. */
const char *digest_hex(const char *text);

/* "sha256:" and 32 bytes as hex. */
void digest_from_sha256(char out[DIGEST_SHA256_LEN + 1], const unsigned char sum[32]);
/* "sha256:" and 64 hex digits as given (an image id, say). */
void digest_from_hex(char out[DIGEST_SHA256_LEN + 1], const char *hex);

#endif
