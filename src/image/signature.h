/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h - signatures of manifests as places keep them. There are two kinds: simple
 * signing (an OpenPGP message around a payload) and sigstore's (a payload, and beside it
 * annotations that hold the signature over it). Nothing here was verified.
 */
#ifndef KEG_IMAGE_SIGNATURE_H
#define KEG_IMAGE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/* What a payload of sigstore's kind is called in registries. */
#define SIGSTORE_MEDIA "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGSTORE_SIGNATURE "dev.cosignproject.cosign/signature"
#define SIGSTORE_SET "dev.sigstore.cosign/bundle"
#define SIGSTORE_CERTIFICATE "dev.sigstore.cosign/certificate"
#define SIGSTORE_CHAIN "dev.sigstore.cosign/chain"

enum {
	SIGNATURE_BYTES_MAX = 4 << 20,
	SIGNATURES_MAX = 128, /* of one manifest; a place with more is broken or means harm */
};

/* Owns its members. Start from {0}. */
struct signature {
	bool sigstore;
	struct keg_buf bytes;		 /* the OpenPGP message, or the payload */
	char *media_type;		 /* of the payload */
	struct json_object *annotations; /* an object of texts; NULL unless sigstore */
};
void signature_done(struct signature *sig);
KEG_AUTO(signature, signature_done)

/* An annotation's text, or NULL. */
const char *signature_annotation(const struct signature *sig, const char *name);
bool signature_equal(const struct signature *a, const struct signature *b);

/* As files and the store keep it; KEG_ECORRUPT for what is neither kind. */
int signature_parse(const void *bytes, size_t len, struct signature *out,
		    struct keg_err *err) KEG_MUST_CHECK;
void signature_emit(const struct signature *sig, struct keg_buf *out);

/* All of one manifest. Start from {0}. */
struct signatures {
	struct signature *v;
	size_t n;
};
/* Takes what *sig owns; *sig is {0} then. */
void signatures_take(struct signatures *list, struct signature *sig);
/* The same of one that was found; more than SIGNATURES_MAX are KEG_ECORRUPT. */
int signatures_add(struct signatures *list, struct signature *sig,
		   struct keg_err *err) KEG_MUST_CHECK;
/* signature_parse() and that. */
int signatures_parse(struct signatures *list, const void *bytes, size_t len,
		     struct keg_err *err) KEG_MUST_CHECK;
void signatures_done(struct signatures *list);
KEG_AUTO(signatures, signatures_done)

#endif
