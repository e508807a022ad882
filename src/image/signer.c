/* SPDX-License-Identifier: Apache-2.0 */
#include "image/signer.h"

#include "base/mem.h"
#include "base/strv.h"
#include "image/manifest_digest.h"
#include "image/sign_gpg.h"
#include "image/sign_payload.h"
#include "spec/reference.h"

struct image_signer {
	char *gpg_key, *passphrase, *identity;
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

int image_signer_open(const struct image_signing *how, struct image_signer **out,
		      struct keg_err *err)
{
	autoptr(image_signer) signer = keg_alloc(1, sizeof *signer);

	*out = NULL;
	if (how->sigstore_key || how->sigstore_params)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"signing with sigstore keys is not built into keg");
	if (how->identity) {
		int r = full_name(how->identity, &signer->identity, err);
		if (r < 0)
			return r;
	}
	if (!how->gpg_key)
		return 0;
	signer->gpg_key = keg_strdup(how->gpg_key);
	signer->passphrase = keg_strdup(how->passphrase);
	*out = take_ptr(&signer);
	return 0;
}

void image_signer_free(struct image_signer *signer)
{
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
	(void)signer;
	return "Signing image using simple signing";
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

int image_signer_sign(const struct image_signer *signer, const void *manifest, size_t len,
		      const char *reference, struct signatures *out, struct keg_err *err)
{
	autofree char *digest = NULL;

	int r = image_manifest_digest(manifest, len, &digest, err);
	return r < 0 ? r : sign_gpg(signer, digest, reference, out, err);
}
