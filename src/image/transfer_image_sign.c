/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image sign: an image on a registry is signed where it is. What is made goes into a lookaside,
 * beside the signatures that are there; the registry is only read.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "image/docker_lookaside.h"
#include "image/manifest_digest.h"
#include "image/registries_d.h"
#include "image/signer.h"
#include "image/transfer_parts.h"

struct signing {
	const struct transfer_image_sign *req;
	struct image_source *src;
	const struct image_signer *signer;
	char *base; /* of the repository's signatures: a URL */
};

static int base_below(const char *directory, const char *path, char **out, struct keg_err *err)
{
	autofree char *folder = NULL;

	int r = keg_path_absolute(directory, &folder, err);
	if (r >= 0)
		*out = keg_printf("file://%s/%s", folder, path);
	return r;
}

/* The folder that was named, or the place that registries.d has for writing. */
static int find_base(struct signing *what, struct keg_err *err)
{
	auto(registries_d) config = { 0 };
	auto(signature_place) place = { 0 };
	auto(reference) ref = { 0 };

	int r = reference_parse_normalized(what->src->reference, &ref, err);
	if (r < 0)
		return r;
	if (what->req->directory)
		return base_below(what->req->directory, ref.path, &what->base, err);
	r = registries_d_load(what->req->access, &config, err);
	if (r >= 0)
		r = registries_d_find(&config, what->req->access, &ref, &place, err);
	if (r >= 0)
		what->base = take_ptr(&place.staging);
	return r;
}

static int add_signature(const struct signing *what, const struct keg_buf *manifest,
			 struct keg_err *err)
{
	auto(signatures) sigs = { 0 };
	autofree char *digest = NULL;

	/* Those on a web server cannot be added to; writing says so. */
	int r = image_manifest_digest(keg_buf_text(manifest), manifest->len, &digest, err);
	if (r >= 0 && keg_str_starts(what->base, "file://"))
		r = docker_lookaside_read(NULL, what->base, digest, &sigs, err);
	if (r >= 0)
		r = image_signer_sign(what->signer, keg_buf_text(manifest), manifest->len,
				      what->src->reference, &sigs, err);
	if (r < 0)
		return r;
	autofree const struct signature **list = keg_alloc(sigs.n + 1, sizeof(void *));
	for (size_t i = 0; i < sigs.n; i++)
		list[i] = &sigs.v[i];
	return docker_lookaside_write(what->base, digest, list, sigs.n, err);
}

static int sign_instances(const struct signing *what, const struct manifest_index *index,
			  struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < index->n_manifests && r >= 0; i++) {
		auto(keg_buf) manifest = { 0 };

		r = image_source_manifest(what->src, index->manifests[i].digest, &manifest, NULL,
					  err);
		if (r >= 0)
			r = add_signature(what, &manifest, err);
	}
	return r;
}

static int sign_all(const struct signing *what, struct keg_err *err)
{
	auto(keg_buf) manifest = { 0 };
	auto(keg_arena) arena = { 0 };
	struct manifest_doc doc = { 0 };
	autofree char *type = NULL;

	int r = image_source_manifest(what->src, NULL, &manifest, &type, err);
	if (r >= 0 && what->req->all)
		r = manifest_parse(keg_buf_text(&manifest), manifest.len, type, &arena, &doc, err);
	if (r >= 0 && manifest_kind_is_index(doc.kind))
		r = sign_instances(what, &doc.index, err);
	return r < 0 ? r : add_signature(what, &manifest, err);
}

int transfer_image_sign(const struct transfer_image_sign *req, struct keg_err *err)
{
	const struct image_signing how = { .gpg_key = req->key };
	const struct image_transport *transport;
	const char *rest;
	autoptr(image_signer) signer = NULL;
	autoptr(image_source) src = NULL;
	autofree char *name = image_name_or_docker(req->image);

	int r = image_signer_open(&how, &signer, err);
	if (r >= 0)
		r = image_name_parse(name, &transport, &rest, err);
	if (r < 0)
		return r;
	if (transport != &image_transport_docker)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"%s: only images on registries are signed so", name);
	r = transport->source(rest, req->access, &src, err);
	if (r < 0)
		return r;
	struct signing what = { .req = req, .src = src, .signer = signer };
	r = find_base(&what, err);
	if (r >= 0)
		r = sign_all(&what, err);
	free(what.base);
	return r < 0 ? keg_wrap(err, "signing %s", req->image) : r;
}
