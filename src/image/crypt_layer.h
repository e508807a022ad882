/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypt_layer.h - encrypted layers as github.com/containers/ocicrypt has them: AES-256 in counter
 * mode with an HMAC-SHA256 over what it gives, the key wrapped for its readers in an annotation.
 */
#ifndef KEG_IMAGE_CRYPT_LAYER_H
#define KEG_IMAGE_CRYPT_LAYER_H

#include <stdbool.h>

#include "archive/stream.h"
#include "base/json.h"
#include "image/crypt_keys.h"

#define CRYPT_ANNOTATIONS "org.opencontainers.image.enc."
#define CRYPT_MEDIA_SUFFIX "+encrypted"

/* A layer's own key and what there is to know beside it. */
struct crypt_layer {
	unsigned char key[32], nonce[16], hmac[32];
	bool sealed; /* `hmac` is what the stream gave */
};

bool crypt_media_is_encrypted(const char *media_type);

/* A new key. */
int crypt_layer_new(struct crypt_layer *layer, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The key out of a layer's annotations. KEG_EAUTH when none of the private keys opens it,
 * KEG_ECORRUPT for annotations that break the format.
 */
int crypt_layer_unwrap(const struct keg_pair *annotations, size_t n, const struct crypt_keys *keys,
		       struct crypt_layer *out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Stages that own `from`; the layer outlives them. Encrypting fills `hmac` at the end. Decrypting
 * is KEG_ECORRUPT at the end when the bytes were not those that were encrypted.
 */
int crypt_layer_encrypt(struct crypt_layer *layer, struct stream_in *from, struct stream_in **out,
			struct keg_err *err) KEG_MUST_CHECK;
int crypt_layer_decrypt(struct crypt_layer *layer, struct stream_in *from, struct stream_in **out,
			struct keg_err *err) KEG_MUST_CHECK;

/*
 * The annotations of a layer that was encrypted to its end: those it had, without others of
 * encryption, and the key for `keys`. `digest` is the layer's before. In the arena.
 */
int crypt_layer_annotations(const struct crypt_layer *layer, const struct crypt_keys *keys,
			    const char *digest, const struct keg_pair *had, size_t n_had,
			    struct keg_arena *arena, struct keg_pair **out, size_t *n_out,
			    struct keg_err *err) KEG_MUST_CHECK;

/* Those that are not about encryption, in the arena. */
size_t crypt_plain_annotations(const struct keg_pair *had, size_t n, struct keg_arena *arena,
			       struct keg_pair **out);

#endif
