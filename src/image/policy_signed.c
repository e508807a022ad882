/* SPDX-License-Identifier: Apache-2.0 */
#include "image/policy_signed.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "image/manifest_digest.h"
#include "image/policy_match.h"
#include "image/policy_sigstore.h"
#include "image/sign_gpg.h"

enum { KEY_BYTES_MAX = 4 << 20 };

void policy_source_unload(struct keg_buf *bufs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		keg_buf_done(&bufs[i]);
	free(bufs);
}

static int add_data(const char *base64, struct keg_buf *out, struct keg_err *err)
{
	autofree void *bytes = NULL;
	size_t n = 0;

	int r = keg_unbase64(base64, &bytes, &n, err);
	if (r >= 0)
		keg_buf_add(out, bytes, n);
	return r < 0 ? keg_wrap(err, "key data in the policy") : r;
}

int policy_source_load(const struct policy_source *source, struct keg_buf **out, size_t *n,
		       struct keg_err *err)
{
	const char *const path[] = { source->path }, *const data[] = { source->data };
	const char *const *paths = source->paths ? source->paths : path;
	const char *const *datas = source->datas ? source->datas : data;
	size_t n_paths = source->paths ? source->n_paths : !keg_str_empty(source->path);
	size_t n_datas = source->datas ? source->n_datas : !!source->data;
	struct keg_buf *bufs = keg_alloc(n_paths + n_datas + 1, sizeof *bufs);
	int r = 0;

	for (size_t i = 0; i < n_paths && r >= 0; i++)
		r = keg_file_read(AT_FDCWD, paths[i], KEY_BYTES_MAX, &bufs[i], err);
	for (size_t i = 0; i < n_datas && r >= 0; i++)
		r = add_data(datas[i], &bufs[n_paths + i], err);
	if (r < 0) {
		policy_source_unload(bufs, n_paths + n_datas);
		return r;
	}
	*out = bufs;
	*n = n_paths + n_datas;
	return 0;
}

int policy_payload_check(const struct policy_rule *rule, const struct policy_image *image,
			 const struct sign_payload *payload, struct keg_err *err)
{
	autofree char *digest = NULL;

	int r = image_manifest_digest(image->manifest, image->len, &digest, err);
	if (r < 0)
		return r;
	if (!keg_str_eq(digest, payload->digest))
		return keg_fail(err, KEG_EDENIED, "Signature for digest %s does not match",
				payload->digest);
	if (!policy_identity_matches(rule->identity, image->reference, payload->reference))
		return keg_fail(err, KEG_EDENIED, "Signature for identity %s is not accepted",
				payload->reference);
	return 0;
}

/* What was found out about one signature after another. */
struct verdict {
	struct keg_buf reasons;
	size_t tried, accepted, others;
};

static void note(struct verdict *verdict, int r, const struct keg_err *why)
{
	verdict->tried++;
	if (r >= 0)
		verdict->accepted++;
	else
		keg_buf_printf(&verdict->reasons, "%s%s", verdict->reasons.len ? "; " : "",
			       why->msg);
}

static int conclude(const struct verdict *verdict, const char *others, struct keg_err *err)
{
	if (verdict->accepted > 0)
		return 0;
	if (verdict->tried == 0 && verdict->others > 0)
		return keg_fail(err, KEG_EDENIED,
				"A signature was required, but no signature exists (%zu %s)",
				verdict->others, others);
	if (verdict->tried == 0)
		return keg_fail(err, KEG_EDENIED,
				"A signature was required, but no signature exists");
	return keg_fail(err, KEG_EDENIED, "%s%s",
			verdict->tried > 1 ? "None of the signatures were accepted, reasons: " : "",
			keg_buf_text(&verdict->reasons));
}

static int check_simple(const struct policy_rule *rule, const struct policy_image *image,
			const struct gpg_keyring *ring, const struct signature *sig,
			struct keg_err *err)
{
	const struct keg_strv *trusted = gpg_keyring_keys(ring);
	auto(keg_buf) text = { 0 };
	auto(keg_arena) arena = { 0 };
	auto(gpg_signer) signer = { 0 };
	struct sign_payload payload;

	int r = gpg_verify(ring, &sig->bytes, &text, &signer, err);
	if (r < 0)
		return r;
	if (!keg_strv_has(trusted, signer.key) && !keg_strv_has(trusted, signer.primary))
		return keg_fail(err, KEG_EDENIED, "signature by key %s is not accepted",
				signer.key);
	r = sign_payload_parse(SIGN_SIMPLE, keg_buf_text(&text), text.len, &arena, &payload, err);
	return r < 0 ? r : policy_payload_check(rule, image, &payload, err);
}

static int open_keyring(const struct policy_rule *rule, struct gpg_keyring **out,
			struct keg_err *err)
{
	struct keg_buf *keys;
	size_t n;

	if (!keg_str_eq(rule->key_type, "GPGKeys"))
		return keg_fail(err, KEG_EDENIED, "Unimplemented \"keyType\" value \"%s\"",
				rule->key_type);
	int r = policy_source_load(&rule->keys, &keys, &n, err);
	if (r < 0)
		return r;
	r = gpg_keyring_open(keys, n, out, err);
	policy_source_unload(keys, n);
	if (r < 0)
		return r;
	if (gpg_keyring_keys(*out)->n == 0)
		return keg_fail(err, KEG_EDENIED, "No public keys imported");
	return 0;
}

static int check_signed_by(const struct policy_rule *rule, const struct policy_image *image,
			   struct verdict *verdict, struct keg_err *err)
{
	autoptr(gpg_keyring) ring = NULL;

	for (size_t i = 0; i < image->sigs->n && verdict->accepted == 0; i++) {
		const struct signature *sig = &image->sigs->v[i];
		struct keg_err why;

		if (sig->sigstore) {
			verdict->others++;
			continue;
		}
		int r = ring ? 0 : open_keyring(rule, &ring, err);
		if (r < 0)
			return r;
		note(verdict, check_simple(rule, image, ring, sig, &why), &why);
	}
	return conclude(verdict, "sigstore signatures", err);
}

static int check_sigstore(const struct policy_rule *rule, const struct policy_image *image,
			  struct verdict *verdict, struct keg_err *err)
{
	autoptr(sigstore_trust) trust = NULL;

	for (size_t i = 0; i < image->sigs->n && verdict->accepted == 0; i++) {
		const struct signature *sig = &image->sigs->v[i];
		struct keg_err why;

		/* Attestations and the like are kept beside signatures. */
		if (!sig->sigstore || !keg_str_eq(sig->media_type, SIGSTORE_MEDIA)) {
			verdict->others++;
			continue;
		}
		int r = trust ? 0 : sigstore_trust_open(rule, &trust, err);
		if (r < 0)
			return r;
		note(verdict, sigstore_trust_check(trust, image, sig, &why), &why);
	}
	return conclude(verdict, "of another kind", err);
}

int policy_signed_check(const struct policy_rule *rule, const struct policy_image *image,
			struct keg_err *err)
{
	struct verdict verdict = { 0 };
	int r = rule->type == POLICY_SIGNED_BY ? check_signed_by(rule, image, &verdict, err)
					       : check_sigstore(rule, image, &verdict, err);

	keg_buf_done(&verdict.reasons);
	return r;
}
