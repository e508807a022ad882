/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigstore_cert.h - certificates in sigstore's signatures: issued by an authority that the policy
 * trusts, for signing code, to whom the policy says.
 */
#ifndef KEG_IMAGE_SIGSTORE_CERT_H
#define KEG_IMAGE_SIGSTORE_CERT_H

#include <openssl/evp.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct sigstore_roots;

/* Certificates in PEM: those that are trusted, and some (or NULL) that may stand between. */
int sigstore_roots_new(const struct keg_buf *trusted, const struct keg_buf *between,
		       struct sigstore_roots **out, struct keg_err *err) KEG_MUST_CHECK;
void sigstore_roots_free(struct sigstore_roots *roots);
KEG_AUTOPTR(sigstore_roots, sigstore_roots_free)

struct sigstore_cert_want {
	const char *chain;    /* further certificates that came along, or NULL */
	int64_t when;	      /* at which it must have been valid; 0: now */
	const char *issuer;   /* of the identity, as Fulcio notes it; NULL: any */
	const char *email;    /* NULL: any */
	const char *hostname; /* NULL: any */
};

/* KEG_EDENIED unless the certificate is as wanted; *key (the caller frees) is what it certifies. */
int sigstore_cert_check(const struct sigstore_roots *roots, const char *pem,
			const struct sigstore_cert_want *want, EVP_PKEY **key,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
