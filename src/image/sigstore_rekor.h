/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigstore_rekor.h - the word of a transparency log: a SignedEntryTimestamp says that the log
 * took an entry, and when. Checked by the log's key alone; nobody is asked.
 */
#ifndef KEG_IMAGE_SIGSTORE_REKOR_H
#define KEG_IMAGE_SIGSTORE_REKOR_H

#include <openssl/evp.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* What the entry must be about. */
struct rekor_claim {
	const char *pem;	       /* the key or certificate */
	const char *signature;	       /* in base64 */
	const struct keg_buf *payload; /* that was signed */
};

/* KEG_EDENIED unless one of the keys vouches for exactly that; *when in seconds since 1970. */
int sigstore_rekor_check(EVP_PKEY *const *keys, size_t n, const char *set,
			 const struct rekor_claim *claim, int64_t *when,
			 struct keg_err *err) KEG_MUST_CHECK;

#endif
