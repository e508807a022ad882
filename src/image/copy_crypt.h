/* SPDX-License-Identifier: Apache-2.0 */
/* copy_crypt.h - which layers of an image are decrypted or encrypted on the way, and by what. */
#ifndef KEG_IMAGE_COPY_CRYPT_H
#define KEG_IMAGE_COPY_CRYPT_H

#include "image/copy_blobs.h"
#include "image/crypt_layer.h"

struct image_copy;

/* The keys that the user gave. Start from {0}. */
struct copy_crypt {
	struct crypt_keys encrypt, decrypt;
	const int *layers; /* to encrypt; below 0: from the top */
	size_t n_layers;   /* 0: all */
};
void copy_crypt_done(struct copy_crypt *crypt);
KEG_AUTO(copy_crypt, copy_crypt_done)

int copy_crypt_load(const struct image_copy *how, struct copy_crypt *out,
		    struct keg_err *err) KEG_MUST_CHECK;

/*
 * Fill in what happens to the `n` layers of an image: wish.decrypt (and the media type that there
 * is then), wish.encrypt. KEG_EAUTH when a layer cannot be decrypted by the keys given.
 */
int copy_crypt_plan(const struct copy_crypt *crypt, const struct manifest *image,
		    struct copy_blob *blobs, size_t n, struct keg_arena *arena,
		    struct keg_err *err) KEG_MUST_CHECK;

/* The descriptors of the layers that were so changed, in the manifest that is written. */
int copy_crypt_describe(const struct copy_crypt *crypt, const struct copy_blob *blobs,
			struct manifest *image, struct keg_arena *arena,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
