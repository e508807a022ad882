/* SPDX-License-Identifier: Apache-2.0 */
/* sign and verify: manifests and simple signatures in memory, without an image. */
#include "base/mem.h"
#include "image/manifest_digest.h"
#include "image/sign_gpg.h"
#include "image/sign_payload.h"
#include "image/signer.h"
#include "image/transfer_parts.h"
#include "spec/reference.h"

int transfer_sign(const struct transfer_signing *req, struct keg_buf *signature,
		  struct keg_err *err)
{
	const struct image_signing how = { .gpg_key = req->key, .passphrase = req->passphrase };
	autoptr(image_signer) signer = NULL;
	auto(signatures) made = { 0 };

	int r = image_signer_open(&how, &signer, err);
	if (r >= 0)
		r = image_signer_sign(signer, req->manifest, req->len, req->reference, &made, err);
	if (r >= 0)
		signature_emit(&made.v[0], signature);
	return r;
}

static bool is_accepted(const struct gpg_keyring *ring, const char *keys, const char *key)
{
	auto(keg_strv) list = { 0 };

	keg_strv_split(&list, keys, ',');
	if (list.n == 1 && keg_str_eq(list.v[0], "any"))
		return keg_strv_has(gpg_keyring_keys(ring), key);
	return keg_strv_has(&list, key);
}

/* The key of the list that signed; NULL: none of it did. */
static const char *accepted_key(const struct gpg_keyring *ring, const char *keys,
				const struct gpg_signer *signer)
{
	if (is_accepted(ring, keys, signer->key))
		return signer->key;
	return is_accepted(ring, keys, signer->primary) ? signer->primary : NULL;
}

static int check_payload(const struct transfer_verify *req, const struct sign_payload *payload,
			 const char *digest, struct keg_err *err)
{
	auto(reference) expected = { 0 };
	auto(reference) found = { 0 };

	int r = reference_parse_normalized(req->reference, &expected, err);
	if (r < 0)
		return r;
	if (!keg_str_eq(payload->digest, digest))
		return keg_fail(err, KEG_EDENIED,
				"Signature for docker digest \"%s\" does not match",
				payload->digest);
	r = reference_parse_normalized(payload->reference, &found, err);
	if (r < 0)
		return keg_wrap(err, "Invalid docker reference \"%s\" in signature",
				payload->reference);
	autofree char *ours = reference_format(&expected), *theirs = reference_format(&found);
	if (!keg_str_eq(ours, theirs))
		return keg_fail(err, KEG_EDENIED, "Docker reference \"%s\" does not match \"%s\"",
				payload->reference, req->reference);
	return 0;
}

int transfer_verify(const struct transfer_verify *req, char **key, char **digest,
		    struct keg_err *err)
{
	autoptr(gpg_keyring) ring = NULL;
	auto(gpg_signer) signer = { 0 };
	auto(keg_buf) text = { 0 };
	auto(keg_arena) arena = { 0 };
	autofree char *real = NULL;
	struct sign_payload payload;

	int r = req->public_keys ? gpg_keyring_open(req->public_keys, 1, &ring, err) : 0;
	if (r >= 0)
		r = gpg_verify(ring, req->signature, &text, &signer, err);
	if (r < 0)
		return r;
	const char *by = accepted_key(ring, req->keys, &signer);
	if (!by)
		return keg_fail(err, KEG_EDENIED, "signature by key %s is not accepted",
				signer.key);
	r = sign_payload_parse(SIGN_SIMPLE, keg_buf_text(&text), text.len, &arena, &payload, err);
	if (r >= 0)
		r = image_manifest_digest(keg_buf_text(req->manifest), req->manifest->len, &real,
					  err);
	if (r >= 0)
		r = check_payload(req, &payload, real, err);
	if (r < 0)
		return r;
	*key = keg_strdup(by);
	*digest = take_ptr(&real);
	return 0;
}
