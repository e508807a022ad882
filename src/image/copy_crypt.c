/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_crypt.h"

#include <string.h>

#include "base/mem.h"
#include "image/copy.h"

void copy_crypt_done(struct copy_crypt *crypt)
{
	crypt_keys_done(&crypt->encrypt);
	crypt_keys_done(&crypt->decrypt);
}

int copy_crypt_load(const struct image_copy *how, struct copy_crypt *out, struct keg_err *err)
{
	int r = 0;

	out->layers = how->encrypt_layers;
	out->n_layers = how->n_encrypt_layers;
	for (size_t i = 0; i < how->n_encryption_keys && r >= 0; i++)
		r = crypt_keys_add_public(&out->encrypt, how->encryption_keys[i], err);
	for (size_t i = 0; i < how->n_decryption_keys && r >= 0; i++)
		r = crypt_keys_add_private(&out->decrypt, how->decryption_keys[i], err);
	return r;
}

static int plan_decryption(const struct copy_crypt *crypt, const struct descriptor *layer,
			   struct copy_blob *blob, struct keg_arena *arena, struct keg_err *err)
{
	size_t len = strlen(layer->media_type) - strlen(CRYPT_MEDIA_SUFFIX);

	blob->wish.decrypt = keg_arena_alloc(arena, 1, sizeof *blob->wish.decrypt);
	int r = crypt_layer_unwrap(layer->annotations, layer->n_annotations, &crypt->decrypt,
				   blob->wish.decrypt, err);
	if (r < 0)
		return keg_wrap(err, "decrypting layer %s", layer->digest);
	blob->want.media_type = keg_arena_strndup(arena, layer->media_type, len);
	return 0;
}

/* By its number, or that from the top. */
static int choose(const struct copy_crypt *crypt, bool *chosen, size_t n, struct keg_err *err)
{
	for (size_t i = 0; i < n && crypt->n_layers == 0; i++)
		chosen[i] = true;
	for (size_t i = 0; i < crypt->n_layers; i++) {
		int64_t at = crypt->layers[i];

		if (at < 0)
			at += (int64_t)n;
		if (at < 0 || at >= (int64_t)n)
			return keg_fail(err, KEG_EUSAGE,
					"when choosing layers to encrypt, layer index %d out of "
					"range (%zu layers exist)",
					crypt->layers[i], n);
		chosen[at] = true;
	}
	return 0;
}

int copy_crypt_plan(const struct copy_crypt *crypt, const struct manifest *image,
		    struct copy_blob *blobs, size_t n, struct keg_arena *arena, struct keg_err *err)
{
	bool *chosen = keg_arena_alloc(arena, n + 1, sizeof *chosen);
	int r = crypt->encrypt.n > 0 ? choose(crypt, chosen, n, err) : 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		bool encrypted = crypt_media_is_encrypted(image->layers[i].media_type);

		if (encrypted && crypt->decrypt.n > 0)
			r = plan_decryption(crypt, &image->layers[i], &blobs[i], arena, err);
		if (encrypted || !chosen[i] || r < 0)
			continue;
		blobs[i].wish.encrypt = keg_arena_alloc(arena, 1, sizeof *blobs[i].wish.encrypt);
		r = crypt_layer_new(blobs[i].wish.encrypt, err);
	}
	return r;
}

int copy_crypt_describe(const struct copy_crypt *crypt, const struct copy_blob *blobs,
			struct manifest *image, struct keg_arena *arena, struct keg_err *err)
{
	for (size_t i = 0; i < image->n_layers; i++) {
		struct descriptor *layer = &image->layers[i];
		const struct keg_pair *had = layer->annotations;
		size_t n_had = layer->n_annotations;

		if (blobs[i].wish.decrypt)
			layer->n_annotations =
				crypt_plain_annotations(had, n_had, arena, &layer->annotations);
		if (!blobs[i].wish.encrypt)
			continue;
		layer->media_type =
			keg_arena_printf(arena, "%s" CRYPT_MEDIA_SUFFIX, layer->media_type);
		int r = crypt_layer_annotations(blobs[i].wish.encrypt, &crypt->encrypt,
						blobs[i].want.digest, had, n_had, arena,
						&layer->annotations, &layer->n_annotations, err);
		if (r < 0)
			return keg_wrap(err, "encrypting layer %s", blobs[i].want.digest);
	}
	return 0;
}
