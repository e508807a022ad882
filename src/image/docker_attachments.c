/* SPDX-License-Identifier: Apache-2.0 */
#include "image/docker_attachments.h"

#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "image/digest_of.h"
#include "registry/blob.h"
#include "registry/manifest.h"
#include "registry/upload.h"
#include "spec/digest.h"
#include "spec/image_config.h"
#include "spec/manifest.h"

/* The image of attachments, while it is read or extended. */
struct attachments {
	struct keg_arena arena;
	bool found;
	struct manifest image;
	struct image_config config;
};

static void attachments_done(struct attachments *at)
{
	keg_arena_done(&at->arena);
}
KEG_AUTO(attachments, attachments_done)

static char *tag_of(const char *digest)
{
	int algorithm = (int)strcspn(digest, ":");

	return keg_printf("%.*s-%s.sig", algorithm, digest, digest_hex(digest));
}

static int load(struct registry_repo *repo, const char *tag, struct attachments *out,
		struct keg_err *err)
{
	auto(registry_manifest) fetched = { 0 };
	struct manifest_doc doc = { 0 };

	int r = registry_manifest_get(repo, tag, &fetched, err);
	if (r == -KEG_ENOTFOUND)
		return 0;
	if (r >= 0)
		r = manifest_parse(keg_buf_text(&fetched.bytes), fetched.bytes.len,
				   fetched.media_type, &out->arena, &doc, err);
	if (r >= 0 && doc.kind != MANIFEST_OCI)
		r = keg_fail(err, KEG_ECORRUPT,
			     "unexpected MIME type for sigstore attachment manifest %s: \"%s\"",
			     tag, fetched.media_type);
	if (r < 0)
		return r;
	if (doc.image.n_layers > SIGNATURES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "%s: there are more than %d signatures", tag,
				SIGNATURES_MAX);
	out->image = doc.image;
	out->found = true;
	return 0;
}

/* A blob in memory, never more than it is said to be. */
struct bounded {
	struct keg_buf *out;
	size_t most;
};

static int take_bytes(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct bounded *b = ctx;

	if (len > b->most - b->out->len)
		return keg_fail(err, KEG_ECORRUPT, "more than %zu bytes", b->most);
	keg_buf_add(b->out, bytes, len);
	return 0;
}

static int read_blob(struct registry_repo *repo, const struct descriptor *what, struct keg_buf *out,
		     struct keg_err *err)
{
	struct bounded b = { out, SIGNATURE_BYTES_MAX };
	const struct registry_blob_want want = { .digest = what->digest, .size = what->size };
	char digest[DIGEST_SHA256_LEN + 1];

	if (what->size > SIGNATURE_BYTES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "blob %s is too large for a signature",
				what->digest);
	int r = registry_blob_get(repo, &want, take_bytes, &b, err);
	if (r < 0)
		return r;
	image_digest_of(digest, keg_buf_text(out), out->len);
	if (!keg_str_eq(digest, what->digest))
		return keg_fail(err, KEG_ECORRUPT, "digest mismatch, expected \"%s\", got \"%s\"",
				what->digest, digest);
	return 0;
}

static int read_one(struct registry_repo *repo, const struct descriptor *layer,
		    struct signatures *out, struct keg_err *err)
{
	auto(signature) sig = { .sigstore = true,
				.media_type = keg_strdup(layer->media_type),
				.annotations = keg_json_of_pairs(layer->annotations,
								 layer->n_annotations) };

	int r = read_blob(repo, layer, &sig.bytes, err);
	return r < 0 ? r : signatures_add(out, &sig, err);
}

int docker_attachments_read(struct registry_repo *repo, const char *digest, struct signatures *out,
			    struct keg_err *err)
{
	auto(attachments) at = { 0 };
	autofree char *tag = tag_of(digest);

	int r = load(repo, tag, &at, err);
	for (size_t i = 0; i < at.image.n_layers && r >= 0; i++)
		r = read_one(repo, &at.image.layers[i], out, err);
	return r;
}

static int load_config(struct registry_repo *repo, struct attachments *at, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	if (!at->found) {
		at->image.schema_version = 2;
		at->image.media_type = MEDIA_OCI_MANIFEST;
		return 0;
	}
	int r = read_blob(repo, at->image.config, &text, err);
	return r < 0 ? r
		     : image_config_parse(keg_buf_text(&text), text.len, &at->arena, &at->config,
					  err);
}

static void annotations_of(struct attachments *at, const struct signature *sig,
			   struct descriptor *layer)
{
	size_t n = (size_t)json_object_object_length(sig->annotations);

	layer->annotations = keg_arena_alloc(&at->arena, n + 1, sizeof *layer->annotations);
	json_object_object_foreach(sig->annotations, name, value)
	{
		layer->annotations[layer->n_annotations++] = (struct keg_pair){
			keg_arena_strdup(&at->arena, name),
			keg_arena_strdup(&at->arena, json_object_get_string(value)),
		};
	}
}

static bool same_layer(const struct descriptor *a, const struct descriptor *b)
{
	if (!keg_str_eq(a->digest, b->digest) || !keg_str_eq(a->media_type, b->media_type) ||
	    a->n_annotations != b->n_annotations)
		return false;
	for (size_t i = 0; i < a->n_annotations; i++) {
		bool found = false;

		for (size_t k = 0; k < b->n_annotations && !found; k++)
			found = keg_str_eq(a->annotations[i].key, b->annotations[k].key) &&
				keg_str_eq(a->annotations[i].value, b->annotations[k].value);
		if (!found)
			return false;
	}
	return true;
}

/* 1 added, 0 it is there already. */
static int add(struct registry_repo *repo, struct attachments *at, const struct signature *sig,
	       struct keg_err *err)
{
	char digest[DIGEST_SHA256_LEN + 1];
	struct descriptor layer = { .media_type = sig->media_type,
				    .size = (int64_t)sig->bytes.len };

	image_digest_of(digest, keg_buf_text(&sig->bytes), sig->bytes.len);
	layer.digest = keg_arena_strdup(&at->arena, digest);
	annotations_of(at, sig, &layer);
	for (size_t i = 0; i < at->image.n_layers; i++) {
		if (same_layer(&at->image.layers[i], &layer))
			return 0;
	}
	int r = registry_blob_put(repo, digest, keg_buf_text(&sig->bytes), sig->bytes.len, err);
	if (r < 0)
		return r;

	size_t n = at->image.n_layers++;
	struct descriptor *layers = keg_arena_alloc(&at->arena, n + 1, sizeof *layers);
	if (n > 0)
		memcpy(layers, at->image.layers, n * sizeof *layers);
	layers[n] = layer;
	at->image.layers = layers;
	return 1;
}

/* The payloads are the layers, and so they are their own contents. */
static void fill_config(struct attachments *at)
{
	struct image_rootfs *rootfs = keg_arena_alloc(&at->arena, 1, sizeof *rootfs);

	rootfs->type = "layers";
	rootfs->n_diff_ids = at->image.n_layers;
	rootfs->diff_ids =
		keg_arena_alloc(&at->arena, rootfs->n_diff_ids + 1, sizeof *rootfs->diff_ids);
	for (size_t i = 0; i < rootfs->n_diff_ids; i++)
		rootfs->diff_ids[i] = at->image.layers[i].digest;
	at->config.rootfs = rootfs;
}

static int store(struct registry_repo *repo, const char *tag, struct attachments *at,
		 struct keg_err *err)
{
	auto(keg_buf) config = { 0 }, manifest = { 0 };
	char digest[DIGEST_SHA256_LEN + 1];

	fill_config(at);
	image_config_emit(&at->config, &config);
	image_digest_of(digest, config.data, config.len);
	int r = registry_blob_put(repo, digest, config.data, config.len, err);
	if (r < 0)
		return r;
	struct descriptor described = { .media_type = MEDIA_OCI_CONFIG,
					.digest = digest,
					.size = (int64_t)config.len };
	struct manifest image = at->image;
	image.config = &described;
	manifest_emit(&image, &manifest);
	return registry_manifest_put(repo, tag, MEDIA_OCI_MANIFEST, manifest.data, manifest.len,
				     NULL, err);
}

int docker_attachments_write(struct registry_repo *repo, const char *digest,
			     const struct signature *const *sigs, size_t n, struct keg_err *err)
{
	auto(attachments) at = { 0 };
	autofree char *tag = tag_of(digest);
	bool changed = false;

	int r = load(repo, tag, &at, err);
	if (r >= 0)
		r = load_config(repo, &at, err);
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = add(repo, &at, sigs[i], err);
		changed = changed || r > 0;
	}
	return r < 0 || !changed ? r : store(repo, tag, &at, err);
}
