/* SPDX-License-Identifier: Apache-2.0 */
/* signer.h - whoever signs the manifests of a copy, with one key or several. */
#ifndef KEG_IMAGE_SIGNER_H
#define KEG_IMAGE_SIGNER_H

#include "image/signature.h"

/* What the options say; all zero: nothing is signed. */
struct image_signing {
	const char *gpg_key;	     /* --sign-by */
	const char *sigstore_key;    /* --sign-by-sigstore-private-key: a file */
	const char *sigstore_params; /* --sign-by-sigstore: a file that names one */
	const char *passphrase;	     /* of the first two, or NULL */
	const char *identity; /* --sign-identity: "host/path:tag", or NULL: the destination */
};

struct image_signer;

/* *out is NULL where nothing is to be signed. Keys in files are read here. */
int image_signer_open(const struct image_signing *how, struct image_signer **out,
		      struct keg_err *err) KEG_MUST_CHECK;
void image_signer_free(struct image_signer *signer);
KEG_AUTOPTR(image_signer, image_signer_free)

/* The name given for all of them, or NULL. */
const char *image_signer_identity(const struct image_signer *signer);
/* "Signing image using simple signing": for the user. */
const char *image_signer_message(const struct image_signer *signer);

/* Sign as `reference`; a signature for each key is added to *out. */
int image_signer_sign(const struct image_signer *signer, const void *manifest, size_t len,
		      const char *reference, struct signatures *out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
