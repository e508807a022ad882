/* SPDX-License-Identifier: Apache-2.0 */
#include "image/docker_signatures.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "image/docker_attachments.h"
#include "image/docker_lookaside.h"
#include "image/registries_d.h"
#include "registry/lookaside.h"

static int read_kept(const struct docker_signatures *at, const char *digest, struct signatures *out,
		     struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct registry_signature *found;
	size_t n;

	int r = registry_signatures_get(at->repo, digest, &arena, &found, &n, err);
	for (size_t i = 0; i < n && r >= 0; i++) {
		auto(signature) sig = { 0 };
		autofree void *bytes = NULL;
		size_t len = 0;

		if (!registry_signature_is_atomic(&found[i]))
			continue;
		r = keg_unbase64(found[i].content, &bytes, &len, err);
		if (r < 0)
			return r;
		keg_buf_add(&sig.bytes, bytes, len);
		r = signatures_add(out, &sig, err);
	}
	return r;
}

static bool has(const struct signatures *list, const struct signature *sig)
{
	for (size_t i = 0; i < list->n; i++) {
		if (signature_equal(&list->v[i], sig))
			return true;
	}
	return false;
}

/* The registry's signatures are everybody's: ours are added to what there is. */
static int write_kept(const struct docker_signatures *at, const char *digest,
		      const struct signature *const *sigs, size_t n, struct keg_err *err)
{
	auto(signatures) there = { 0 };

	int r = read_kept(at, digest, &there, err);
	for (size_t i = 0; i < n && r >= 0; i++) {
		if (!has(&there, sigs[i]))
			r = registry_signature_put(at->repo, digest, sigs[i]->bytes.data,
						   sigs[i]->bytes.len, err);
	}
	return r;
}

static int find_place(const struct docker_signatures *at, struct signature_place *out,
		      struct keg_err *err)
{
	auto(registries_d) config = { 0 };
	auto(reference) ref = { .domain = keg_strdup(at->host),
				.path = keg_strdup(at->path),
				.tag = keg_strdup(at->tag) };

	int r = registries_d_load(at->access, &config, err);
	return r < 0 ? r : registries_d_find(&config, at->access, &ref, out, err);
}

int docker_signatures_read(const struct docker_signatures *at, const char *digest,
			   struct signatures *out, struct keg_err *err)
{
	auto(signature_place) place = { 0 };

	int r = find_place(at, &place, err);
	if (r < 0)
		return r;
	r = registry_keeps_signatures(at->repo)
		    ? read_kept(at, digest, out, err)
		    : docker_lookaside_read(at->client, place.lookaside, digest, out, err);
	if (r >= 0 && place.attachments)
		r = docker_attachments_read(at->repo, digest, out, err);
	return r;
}

static int write_simple(const struct docker_signatures *at, const struct signature_place *place,
			const char *digest, const struct signature *const *sigs, size_t n,
			struct keg_err *err)
{
	if (n == 0)
		return 0;
	return registry_keeps_signatures(at->repo)
		       ? write_kept(at, digest, sigs, n, err)
		       : docker_lookaside_write(place->staging, digest, sigs, n, err);
}

static int write_sigstore(const struct docker_signatures *at, const struct signature_place *place,
			  const char *digest, const struct signature *const *sigs, size_t n,
			  struct keg_err *err)
{
	if (n == 0)
		return 0;
	if (place->attachments)
		return docker_attachments_write(at->repo, digest, sigs, n, err);
	keg_fail(err, KEG_EUSAGE, "writing sigstore attachments is disabled by configuration");
	return keg_hint(err, "use-sigstore-attachments: true in registries.d allows it");
}

int docker_signatures_write(const struct docker_signatures *at, const char *digest,
			    const struct signatures *sigs, struct keg_err *err)
{
	autofree const struct signature **simple = keg_alloc(sigs->n + 1, sizeof(void *));
	autofree const struct signature **sigstore = keg_alloc(sigs->n + 1, sizeof(void *));
	auto(signature_place) place = { 0 };
	size_t n_simple = 0, n_sigstore = 0;

	for (size_t i = 0; i < sigs->n; i++) {
		if (sigs->v[i].sigstore)
			sigstore[n_sigstore++] = &sigs->v[i];
		else
			simple[n_simple++] = &sigs->v[i];
	}
	int r = find_place(at, &place, err);
	if (r >= 0)
		r = write_sigstore(at, &place, digest, sigstore, n_sigstore, err);
	if (r >= 0)
		r = write_simple(at, &place, digest, simple, n_simple, err);
	return r;
}
