/* SPDX-License-Identifier: Apache-2.0 */
#include "image/policy_sigstore.h"

#include "base/mem.h"
#include "base/num.h"
#include "image/libcrypto.h"
#include "image/sigstore_cert.h"
#include "image/sigstore_key.h"
#include "image/sigstore_rekor.h"

struct sigstore_keys {
	EVP_PKEY **v;
	size_t n;
};

struct sigstore_trust {
	const struct policy_rule *rule;
	struct sigstore_keys keys, rekor;
	struct sigstore_roots *roots; /* fulcio and pki */
};

static void keys_done(struct sigstore_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		EVP_PKEY_free(keys->v[i]);
	free(keys->v);
}

/* All must be keys: one that is not would be missed only when it is needed. */
static int load_keys(const struct policy_source *source, struct sigstore_keys *out,
		     struct keg_err *err)
{
	struct keg_buf *pems;
	size_t n;

	int r = policy_source_load(source, &pems, &n, err);
	if (r < 0)
		return r;
	out->v = keg_alloc(n + 1, sizeof(EVP_PKEY *));
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = sigstore_key_public(&pems[i], &out->v[i], err);
		if (r >= 0)
			out->n++;
	}
	policy_source_unload(pems, n);
	return r < 0 ? keg_wrap(err, "parsing public key") : r;
}

static int load_roots(const struct policy_rule *rule, struct sigstore_roots **out,
		      struct keg_err *err)
{
	const struct policy_source *roots = rule->fulcio ? &rule->fulcio->ca : &rule->pki->roots;
	struct keg_buf *trusted, *between = NULL;
	size_t n, n_between = 0;

	int r = policy_source_load(roots, &trusted, &n, err);
	if (r < 0)
		return r;
	if (rule->pki)
		r = policy_source_load(&rule->pki->intermediates, &between, &n_between, err);
	if (r >= 0)
		r = sigstore_roots_new(&trusted[0], n_between ? &between[0] : NULL, out, err);
	policy_source_unload(trusted, n);
	if (between)
		policy_source_unload(between, n_between);
	return r;
}

int sigstore_trust_open(const struct policy_rule *rule, struct sigstore_trust **out,
			struct keg_err *err)
{
	autoptr(sigstore_trust) trust = keg_alloc(1, sizeof *trust);

	trust->rule = rule;
	int r = load_keys(&rule->keys, &trust->keys, err);
	if (r >= 0)
		r = load_keys(&rule->rekor, &trust->rekor, err);
	if (r >= 0 && (rule->fulcio || rule->pki))
		r = load_roots(rule, &trust->roots, err);
	if (r < 0)
		return r;
	*out = take_ptr(&trust);
	return 0;
}

void sigstore_trust_free(struct sigstore_trust *trust)
{
	keys_done(&trust->keys);
	keys_done(&trust->rekor);
	if (trust->roots)
		sigstore_roots_free(trust->roots);
	free(trust);
}

static int missing(const char *annotation, struct keg_err *err)
{
	return keg_fail(err, KEG_EDENIED, "missing %s annotation", annotation);
}

/* The log's word that it has seen this signature, by this key or certificate; and when. */
static int check_log(const struct sigstore_trust *trust, const struct signature *sig,
		     const char *pem, int64_t *when, struct keg_err *err)
{
	const char *set = signature_annotation(sig, SIGSTORE_SET);
	const struct rekor_claim claim = { .pem = pem,
					   .signature =
						   signature_annotation(sig, SIGSTORE_SIGNATURE),
					   .payload = &sig->bytes };

	if (!set)
		return missing(SIGSTORE_SET, err);
	return sigstore_rekor_check(trust->rekor.v, trust->rekor.n, set, &claim, when, err);
}

/* The key that the certificate in the signature is for; the caller frees. */
static int certified_key(const struct sigstore_trust *trust, const struct signature *sig,
			 EVP_PKEY **out, struct keg_err *err)
{
	const struct policy_rule *rule = trust->rule;
	const char *pem = signature_annotation(sig, SIGSTORE_CERTIFICATE);
	struct sigstore_cert_want want = { .chain = signature_annotation(sig, SIGSTORE_CHAIN) };

	if (!pem)
		return missing(SIGSTORE_CERTIFICATE, err);
	if (rule->fulcio) {
		int r = check_log(trust, sig, pem, &want.when, err);
		if (r < 0)
			return r;
		want.issuer = rule->fulcio->issuer;
		want.email = rule->fulcio->email;
	} else {
		want.email = rule->pki->email;
		want.hostname = rule->pki->hostname;
	}
	return sigstore_cert_check(trust->roots, pem, &want, out, err);
}

static int check_by_key(const struct sigstore_trust *trust, EVP_PKEY *key,
			const struct signature *sig, const void *bytes, size_t len,
			struct keg_err *err)
{
	auto(keg_buf) pem = { 0 };
	int64_t when;

	int r = sigstore_key_verify(key, &sig->bytes, bytes, len, err);
	if (r < 0 || trust->rekor.n == 0)
		return r;
	r = sigstore_key_pem(key, &pem, err);
	return r < 0 ? r : check_log(trust, sig, keg_buf_text(&pem), &when, err);
}

/* One of the keys made the signature; the reason of the last is as good as that of another. */
static int check_bytes(const struct sigstore_trust *trust, const struct signature *sig,
		       const void *bytes, size_t len, struct keg_err *err)
{
	autoptr(evp_pkey_st) certified = NULL;
	int r = -KEG_EDENIED;

	if (!trust->roots) {
		for (size_t i = 0; i < trust->keys.n && r < 0; i++)
			r = check_by_key(trust, trust->keys.v[i], sig, bytes, len, err);
		return r;
	}
	r = certified_key(trust, sig, &certified, err);
	return r < 0 ? r : sigstore_key_verify(certified, &sig->bytes, bytes, len, err);
}

int sigstore_trust_check(const struct sigstore_trust *trust, const struct policy_image *image,
			 const struct signature *sig, struct keg_err *err)
{
	const char *text = signature_annotation(sig, SIGSTORE_SIGNATURE);
	autofree void *bytes = NULL;
	size_t len = 0;
	auto(keg_arena) arena = { 0 };
	struct sign_payload payload;

	if (!text)
		return missing(SIGSTORE_SIGNATURE, err);
	int r = keg_unbase64(text, &bytes, &len, err);
	if (r >= 0)
		r = check_bytes(trust, sig, bytes, len, err);
	if (r >= 0)
		r = sign_payload_parse(SIGN_SIGSTORE, keg_buf_text(&sig->bytes), sig->bytes.len,
				       &arena, &payload, err);
	return r < 0 ? r : policy_payload_check(trust->rule, image, &payload, err);
}
