/* SPDX-License-Identifier: Apache-2.0 */
#include "image/signer.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "image/manifest_digest.h"
#include "image/sign_gpg.h"
#include "image/sign_payload.h"
#include "image/sigstore_key.h"
#include "image/sigstore_params.h"
#include "spec/reference.h"

enum { KEYS_MAX = 2 }; /* of sigstore: one named by itself, one in a file of parameters */

struct image_signer {
	char *gpg_key, *passphrase, *identity;
	EVP_PKEY *keys[KEYS_MAX];
	size_t n_keys;
};

/* A name that signatures can be made for: one image, not a repository. */
static int full_name(const char *text, char **out, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	int r = reference_parse(text, &ref, err);
	if (r >= 0 && reference_is_short(&ref))
		r = keg_fail(err, KEG_EUSAGE, "repository name must be canonical");
	if (r < 0)
		return keg_wrap(err, "Could not parse --sign-identity");
	if (!ref.tag && !ref.digest)
		return keg_fail(err, KEG_EUSAGE,
				"Sign identity must be a fully specified reference %s", text);
	*out = reference_format(&ref);
	return 0;
}

static int add_key(struct image_signer *signer, const char *path, const char *passphrase,
		   struct keg_err *err)
{
	int r = sigstore_key_read(path, passphrase ? passphrase : "", &signer->keys[signer->n_keys],
				  err);

	if (r >= 0)
		signer->n_keys++;
	return r;
}

int image_signer_open(const struct image_signing *how, struct image_signer **out,
		      struct keg_err *err)
{
	autoptr(image_signer) signer = keg_alloc(1, sizeof *signer);

	*out = NULL;
	int r = how->identity ? full_name(how->identity, &signer->identity, err) : 0;
	if (r >= 0 && how->sigstore_key)
		r = add_key(signer, how->sigstore_key, how->passphrase, err);
	if (r >= 0 && how->sigstore_params) {
		auto(sigstore_params) params = { 0 };

		r = sigstore_params_read(how->sigstore_params, &params, err);
		if (r >= 0)
			r = add_key(signer, params.key_file, params.passphrase, err);
		if (r < 0)
			return keg_wrap(err, "Error using --sign-by-sigstore");
	}
	if (r < 0)
		return r;
	if (!how->gpg_key && signer->n_keys == 0)
		return 0;
	signer->gpg_key = keg_strdup(how->gpg_key);
	signer->passphrase = keg_strdup(how->passphrase);
	*out = take_ptr(&signer);
	return 0;
}

void image_signer_free(struct image_signer *signer)
{
	for (size_t i = 0; i < signer->n_keys; i++)
		EVP_PKEY_free(signer->keys[i]);
	free(signer->gpg_key);
	free(signer->passphrase);
	free(signer->identity);
	free(signer);
}

const char *image_signer_identity(const struct image_signer *signer)
{
	return signer->identity;
}

const char *image_signer_message(const struct image_signer *signer)
{
	return signer->gpg_key ? "Signing image using simple signing"
			       : "Signing image using a sigstore signature";
}

static int sign_gpg(const struct image_signer *signer, const char *digest, const char *reference,
		    struct signatures *out, struct keg_err *err)
{
	auto(keg_buf) payload = { 0 };
	auto(signature) sig = { 0 };

	sign_payload_emit(SIGN_SIMPLE, digest, reference, &payload);
	int r = gpg_sign(&payload, signer->gpg_key, signer->passphrase, &sig.bytes, err);
	if (r >= 0)
		signatures_take(out, &sig);
	return r;
}

static int sign_sigstore(EVP_PKEY *key, const char *digest, const char *reference,
			 struct signatures *out, struct keg_err *err)
{
	auto(signature) sig = { .sigstore = true,
				.media_type = keg_strdup(SIGSTORE_MEDIA),
				.annotations = json_object_new_object() };
	auto(keg_buf) made = { 0 };

	sign_payload_emit(SIGN_SIGSTORE, digest, reference, &sig.bytes);
	int r = sigstore_key_sign(key, &sig.bytes, &made, err);
	if (r < 0)
		return r;
	autofree char *text = keg_base64(made.data, made.len);
	keg_json_put_str(sig.annotations, SIGSTORE_SIGNATURE, text);
	signatures_take(out, &sig);
	return 0;
}

int image_signer_sign(const struct image_signer *signer, const void *manifest, size_t len,
		      const char *reference, struct signatures *out, struct keg_err *err)
{
	autofree char *digest = NULL;

	int r = image_manifest_digest(manifest, len, &digest, err);
	if (r >= 0 && signer->gpg_key)
		r = sign_gpg(signer, digest, reference, out, err);
	for (size_t i = 0; i < signer->n_keys && r >= 0; i++)
		r = sign_sigstore(signer->keys[i], digest, reference, out, err);
	return r;
}
