/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage_signatures.h - signatures as the store keeps them: those of a manifest one after the
 * other in one document, and how long each is in the image's metadata, as the peers have it.
 */
#ifndef KEG_IMAGE_STORAGE_SIGNATURES_H
#define KEG_IMAGE_STORAGE_SIGNATURES_H

#include "image/signature.h"
#include "store/image.h"

/*
 * Of the manifest with this digest, or NULL of the one that the image's name stands for; none is
 * no error. Appends.
 */
int storage_signatures_read(struct store *store, const struct store_image *image,
			    const char *digest, struct signatures *out,
			    struct keg_err *err) KEG_MUST_CHECK;

/* The document of them, and the metadata of an image whose manifest `digest` has these; appended.
 */
void storage_signatures_emit(const struct signatures *sigs, const char *digest,
			     struct keg_buf *document, struct keg_buf *metadata);
/* "signature-<hex>"; the caller frees. */
char *storage_signatures_key(const char *digest);

#define STORAGE_SIGNATURES "signatures" /* of the manifest that the image's name stands for */

#endif
