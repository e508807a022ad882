/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes is decided before anything moves: the format of the manifest, the packing of
 * each layer. A manifest none of which changed is handed on byte by byte.
 */
#include "image/copy_image.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "image/copy_blobs.h"
#include "image/copy_chunks.h"
#include "image/copy_schema1.h"
#include "image/copy_sign.h"
#include "image/digest_of.h"
#include "spec/image_config.h"

struct plan {
	const struct copy_image *what;
	struct keg_arena arena;
	struct manifest_doc doc;
	enum manifest_kind kind; /* as it will be written */
	struct copy_blob *blobs;
	size_t n;
	bool unpacked; /* layers come unpacked, whatever their types say */
	bool changed;
	struct keg_buf config;	/* as it will be written */
	struct signatures sigs; /* that go along */
	const char *fixed;	/* why the manifest may not be changed, or NULL */
};

static void plan_done(struct plan *plan)
{
	keg_buf_done(&plan->config);
	signatures_done(&plan->sigs);
	keg_arena_done(&plan->arena);
	free(plan->blobs);
}
KEG_AUTO(plan, plan_done)

static void blob_of(const struct descriptor *d, int layer, struct image_blob *out)
{
	*out = (struct image_blob){ .size = d->size, .media_type = d->media_type, .layer = layer };
	snprintf(out->digest, sizeof out->digest, "%s", d->digest);
}

static bool dest_takes(const struct image_dest *dst, enum manifest_kind kind)
{
	if (!dst->media_types)
		return true;
	for (size_t i = 0; i < dst->n_media_types; i++) {
		if (keg_str_eq(dst->media_types[i], manifest_kind_media(kind)))
			return true;
	}
	return false;
}

static bool wants_chunked(const struct plan *plan)
{
	return keg_str_eq(plan->what->how->compress_with, "zstd:chunked");
}

static bool wants_zstd(const struct plan *plan)
{
	return wants_chunked(plan) || keg_str_eq(plan->what->how->compress_with, "zstd");
}

/* Only OCI's format has names for encrypted layers. */
static int choose_encrypted(struct plan *plan, struct keg_err *err)
{
	const char *format = plan->what->how->format;

	if (format && manifest_kind_of_media(format) != MANIFEST_OCI)
		return keg_fail(err, KEG_EUSAGE,
				"encryption required together with format %s, which does not "
				"support encryption",
				format);
	if (!dest_takes(plan->what->dst, MANIFEST_OCI))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"encryption required but the destination only supports manifests "
				"of type %s, which does not support encryption",
				plan->what->dst->media_types[0]);
	plan->kind = MANIFEST_OCI;
	return 0;
}

/* The user's word first, then the source's own format, then the destination's best. */
static int choose_kind(struct plan *plan, struct keg_err *err)
{
	if (plan->what->crypt->encrypt.n > 0)
		return choose_encrypted(plan, err);

	const struct image_dest *dst = plan->what->dst;
	const char *format = plan->what->how->format;

	plan->kind = plan->doc.kind;
	if (format) {
		plan->kind = manifest_kind_of_media(format);
		if (plan->kind == MANIFEST_DOCKER_SCHEMA1 ? !dst->takes_schema1
							  : !manifest_kind_is_image(plan->kind))
			return keg_fail(err, KEG_EUNSUPPORTED, "cannot write manifests of type %s",
					format);
		if (wants_zstd(plan) && plan->kind != MANIFEST_OCI)
			return keg_fail(err, KEG_EUSAGE,
					"compression using zstd required together with format %s, "
					"which does not support it",
					format);
		return 0;
	}
	/* Docker's format has no type for zstd layers. */
	if (plan->kind == MANIFEST_DOCKER && wants_zstd(plan) && dest_takes(dst, MANIFEST_OCI))
		plan->kind = MANIFEST_OCI;
	if (!dest_takes(dst, plan->kind))
		plan->kind = manifest_kind_of_media(dst->media_types[0]);
	if (plan->kind == MANIFEST_DOCKER && wants_zstd(plan))
		return keg_fail(err, KEG_EUSAGE,
				"compression using zstd required but the destination only supports "
				"manifests of type %s, which does not support it",
				manifest_kind_media(plan->kind));
	return 0;
}

static enum image_compression wanted_compression(const struct plan *plan)
{
	const struct image_copy *how = plan->what->how;

	if (how->compress)
		return IMAGE_COMPRESS;
	return how->decompress ? IMAGE_DECOMPRESS : plan->what->dst->compression;
}

static enum compression compression_of(enum media_packing packing)
{
	return packing == MEDIA_GZIP   ? COMPRESSION_GZIP
	       : packing == MEDIA_ZSTD ? COMPRESSION_ZSTD
				       : COMPRESSION_NONE;
}

/*
 * What is no layer to our knowledge stays as it is; so does all whose digests are to stay. What
 * the store gives is unpacked, whatever the manifest says that it was. Of what is encrypted no part
 * could be fetched, so it gets no table of parts.
 */
static void make_wish(struct plan *plan, size_t i)
{
	struct copy_blob *blob = &plan->blobs[i];
	const struct image_copy *how = plan->what->how;
	enum media_packing says = media_packing_of(blob->want.media_type);

	blob->wish = (struct copy_wish){
		.decrypt = blob->wish.decrypt,
		.encrypt = blob->wish.encrypt,
		.opaque = says == MEDIA_NOT_A_LAYER || plan->fixed,
		.want = wanted_compression(plan),
		.with = wants_zstd(plan) ? COMPRESSION_ZSTD : COMPRESSION_GZIP,
		.again = how->compress_with,
		.no_zstd = plan->kind != MANIFEST_OCI,
		.level = how->compress_level,
		.has_chunks = copy_chunks_are_there(&plan->doc.image.layers[i]),
	};
	blob->any_packing = plan->kind == MANIFEST_OCI && !how->compress_with;
	if (wants_chunked(plan) && !blob->wish.encrypt)
		blob->wish.chunked = keg_arena_alloc(&plan->arena, 1, sizeof *blob->wish.chunked);
	blob->change = copy_change_of(&blob->wish,
				      plan->unpacked ? COMPRESSION_NONE : compression_of(says));
}

/* Their types stay those of the manifest, as with the peers: what they are their bytes say. */
static int real_layers(struct plan *plan, struct keg_err *err)
{
	struct image_source *src = plan->what->src;

	if (!src->ops->real_layers || plan->n == 0)
		return 0;

	struct image_blob *real = keg_arena_alloc(&plan->arena, plan->n, sizeof *real);
	int r = src->ops->real_layers(src, plan->what->instance, real, plan->n, err);
	if (r <= 0)
		return r;
	plan->unpacked = true;
	for (size_t i = 0; i < plan->n; i++) {
		struct image_blob *want = &plan->blobs[i].want;

		if (!keg_str_eq(want->digest, real[i].digest))
			plan->changed = true;
		real[i].media_type = want->media_type;
		*want = real[i];
		want->layer = (int)i;
	}
	return 0;
}

static int plan_crypt(struct plan *plan, struct keg_err *err)
{
	int r = copy_crypt_plan(plan->what->crypt, &plan->doc.image, plan->blobs, plan->n,
				&plan->arena, err);

	for (size_t i = 0; i < plan->n && r >= 0; i++) {
		const struct copy_blob *blob = &plan->blobs[i];

		if (blob->wish.decrypt || blob->wish.encrypt)
			plan->changed = true;
		/* The store unpacks what it gets. */
		if (plan->what->dst->each_layer && crypt_media_is_encrypted(blob->want.media_type))
			r = keg_fail(err, KEG_EAUTH,
				     "layer %s is encrypted, and no key was given to decrypt it",
				     blob->want.digest);
	}
	return r;
}

static int plan_layers(struct plan *plan, struct keg_err *err)
{
	plan->n = plan->doc.image.n_layers;
	plan->blobs = keg_alloc(plan->n + 1, sizeof *plan->blobs);
	for (size_t i = 0; i < plan->n; i++) {
		struct image_blob *want = &plan->blobs[i].want;

		blob_of(&plan->doc.image.layers[i], (int)i, want);
		want->chunks = copy_chunks_of(&plan->doc.image.layers[i], &plan->arena);
	}

	int r = real_layers(plan, err);
	if (r >= 0)
		r = plan_crypt(plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n; i++)
		make_wish(plan, i);
	if (plan->kind != plan->doc.kind)
		plan->changed = true;
	if (plan->changed && plan->fixed)
		return keg_fail(err, KEG_EUSAGE,
				"Manifest cannot be written as it is to %s, but we cannot modify "
				"it: \"%s\"",
				plan->what->dst->name, plan->fixed);
	return 0;
}

/* A layer that the manifest gives addresses of is not sent to those who take it at its word. */
static bool stays_elsewhere(const struct plan *plan, size_t i)
{
	return plan->what->dst->takes_urls && plan->doc.image.layers[i].n_urls > 0;
}

/* One entry for each blob, unless the destination wants each layer: duplicates go last. */
static size_t without_duplicates(const struct plan *plan, struct copy_blob *out)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		bool seen = stays_elsewhere(plan, i);

		for (size_t k = 0; k < n && !plan->what->dst->each_layer && !seen; k++)
			seen = keg_str_eq(out[k].want.digest, plan->blobs[i].want.digest) &&
			       out[k].change == plan->blobs[i].change;
		if (!seen)
			out[n++] = plan->blobs[i];
	}
	return n;
}

static void spread_results(struct plan *plan, const struct copy_blob *done, size_t n)
{
	for (size_t i = 0; i < plan->n; i++) {
		if (stays_elsewhere(plan, i)) {
			plan->blobs[i].put = plan->blobs[i].want;
			plan->blobs[i].change = COPY_AS_IS;
		}
		for (size_t k = 0; k < n; k++) {
			if (plan->what->dst->each_layer
				    ? done[k].want.layer != (int)i
				    : !keg_str_eq(done[k].want.digest, plan->blobs[i].want.digest))
				continue;
			plan->blobs[i].put = done[k].put;
			plan->blobs[i].reused = done[k].reused;
			plan->blobs[i].change = done[k].change;
			plan->blobs[i].wish = done[k].wish;
		}
	}
}

static int move_layers(struct plan *plan, struct keg_err *err)
{
	struct copy_blob *todo = keg_arena_alloc(&plan->arena, plan->n + 1, sizeof *todo);
	size_t n = without_duplicates(plan, todo);
	const struct copy_blobs blobs = {
		.src = plan->what->src,
		.dst = plan->what->dst,
		.v = todo,
		.n = n,
		.fixed = plan->fixed != NULL,
		.parallel = plan->what->how->parallel,
		.reporter = plan->what->reporter,
	};

	int r = copy_blobs_run(&blobs, err);
	if (r < 0)
		return r;
	spread_results(plan, todo, n);
	return 0;
}

/*
 * OCI's format has a part of what Docker's has, and the peers make it anew; the other way round
 * there is nothing to do.
 */
static int convert_config(struct plan *plan, struct keg_err *err)
{
	struct image_config config = { 0 };
	auto(keg_buf) made = { 0 };

	if (plan->doc.kind != MANIFEST_DOCKER || plan->kind != MANIFEST_OCI)
		return 0;
	int r = image_config_parse(plan->config.data, plan->config.len, &plan->arena, &config, err);
	if (r < 0)
		return r;
	image_config_emit_oci(&config, &made);
	keg_buf_cut(&plan->config, 0);
	keg_buf_add(&plan->config, made.data, made.len);

	struct descriptor *descriptor = keg_arena_alloc(&plan->arena, 1, sizeof *descriptor);
	char digest[DIGEST_SHA256_LEN + 1];
	image_digest_of(digest, made.data, made.len);
	*descriptor = *plan->doc.image.config;
	descriptor->digest = keg_arena_strdup(&plan->arena, digest);
	descriptor->size = (int64_t)made.len;
	plan->doc.image.config = descriptor;
	return 0;
}

static int move_config(struct plan *plan, struct keg_err *err)
{
	struct image_dest *dst = plan->what->dst;
	struct image_blob config, put;

	if (plan->kind == MANIFEST_DOCKER_SCHEMA1) /* it is within the manifest */
		return 0;
	blob_of(plan->doc.image.config, IMAGE_CONFIG_LAYER, &config);
	int r = dst->ops->reuse(dst, &config, false, &put, err);
	if (r < 0)
		return r;
	if (r > 0) {
		image_report_blob(plan->what->reporter, IMAGE_EVENT_SKIPPED, &config, 0);
		return 0;
	}

	image_report_blob(plan->what->reporter, IMAGE_EVENT_STARTED, &config, 0);
	autoptr(stream_in) from = stream_in_memory(plan->config.data, plan->config.len);
	r = dst->ops->put(dst, &config, from, &put, err);
	if (r < 0)
		return keg_wrap(err, "writing config %s", config.digest);
	image_report_blob(plan->what->reporter, IMAGE_EVENT_DONE, &config,
			  (uint64_t)plan->config.len);
	return 0;
}

static enum media_packing packing_after(const struct copy_blob *blob)
{
	if (blob->change == COPY_UNPACK)
		return MEDIA_PLAIN;
	return blob->wish.with == COMPRESSION_ZSTD ? MEDIA_ZSTD : MEDIA_GZIP;
}

/* The layers as they arrived, then the whole in the wanted format. */
static int rewrite(struct plan *plan, struct keg_buf *out, struct keg_err *err)
{
	struct manifest converted;
	struct manifest image = plan->doc.image;
	size_t n = plan->n;

	image.layers = keg_arena_alloc(&plan->arena, n + 1, sizeof *image.layers);
	memcpy(image.layers, plan->doc.image.layers, n * sizeof *image.layers);
	for (size_t i = 0; i < n; i++) {
		const struct copy_blob *blob = &plan->blobs[i];
		struct descriptor *layer = &image.layers[i];

		copy_chunks_describe(blob, layer, &plan->arena);
		layer->digest = keg_arena_strdup(&plan->arena, blob->put.digest);
		layer->size = blob->put.size;
		if (blob->wish.decrypt)
			layer->media_type = blob->want.media_type;
		if (blob->reused && blob->put.media_type != blob->want.media_type)
			layer->media_type = blob->put.media_type;
		else if (plan->unpacked && blob->change == COPY_AS_IS &&
			 manifest_kind_is_image(plan->kind) &&
			 !media_layer_as(layer->media_type, plan->kind,
					 media_packing_of(layer->media_type)))
			layer->media_type =
				media_layer_as(layer->media_type, plan->kind, MEDIA_PLAIN);
		else if (blob->change != COPY_AS_IS && plan->kind != MANIFEST_DOCKER_SCHEMA1)
			layer->media_type =
				media_layer_as(layer->media_type, plan->kind, packing_after(blob));
		if (!layer->media_type)
			return keg_fail(err, KEG_EUNSUPPORTED,
					"layer %s has no type in manifests of type %s",
					layer->digest, manifest_kind_media(plan->kind));
	}
	if (plan->kind == MANIFEST_DOCKER_SCHEMA1)
		return copy_schema1_make(plan->what->dst, &image, plan->config.data,
					 plan->config.len, out, err);
	int r = manifest_convert(&image, plan->kind, &plan->arena, &converted, err);
	if (r >= 0)
		r = copy_crypt_describe(plan->what->crypt, plan->blobs, &converted, &plan->arena,
					err);
	if (r < 0)
		return r;
	manifest_emit(&converted, out);
	return 0;
}

/*
 * Does the manifest as it came name what arrived? What the store unpacked may have turned into the
 * blobs that it came as.
 */
static bool still_holds(const struct plan *plan)
{
	if (plan->kind != plan->doc.kind)
		return false;
	for (size_t i = 0; i < plan->n; i++) {
		if (!keg_str_eq(plan->blobs[i].put.digest, plan->doc.image.layers[i].digest))
			return false;
	}
	return true;
}

static int write_manifest(struct plan *plan, const struct keg_buf *bytes, struct keg_buf *written,
			  struct keg_err *err)
{
	struct image_dest *dst = plan->what->dst;
	const char *type = manifest_kind_media(plan->kind);
	char digest[DIGEST_SHA256_LEN + 1];
	size_t start = written->len;

	if (still_holds(plan)) {
		keg_buf_add(written, bytes->data, bytes->len);
	} else {
		int r = rewrite(plan, written, err);
		if (r < 0)
			return r;
	}

	image_digest_of(digest, written->data + start, written->len - start);
	image_report_text(plan->what->reporter, "Writing manifest to image destination");
	const char *instance = plan->what->below_index ? digest : NULL;
	int r = dst->ops->put_manifest(dst, written->data + start, written->len - start, type,
				       instance, err);
	if (r < 0)
		return r;
	image_report_text(plan->what->reporter, "Storing signatures");
	return copy_sign_put(plan->what, &plan->sigs, written->data + start, written->len - start,
			     instance, err);
}

static int make_plan(struct plan *plan, const struct keg_buf *bytes, const char *media_type,
		     struct keg_err *err)
{
	struct image_blob config;
	struct image_dest *dst = plan->what->dst;

	int r = manifest_parse(bytes->data, bytes->len, media_type, &plan->arena, &plan->doc, err);
	if (r < 0)
		return keg_wrap(err, "parsing manifest of %s", plan->what->src->name);
	if (!manifest_kind_is_image(plan->doc.kind))
		return keg_fail(err, KEG_ECORRUPT, "an index stands where %s should have an image",
				plan->what->src->name);
	r = choose_kind(plan, err);
	if (r >= 0)
		r = plan_layers(plan, err);
	if (r < 0)
		return r;

	blob_of(plan->doc.image.config, IMAGE_CONFIG_LAYER, &config);
	r = image_source_blob_read(plan->what->src, &config, IMAGE_CONFIG_BYTES_MAX, &plan->config,
				   err);
	if (r < 0)
		return keg_wrap(err, "reading config of %s", plan->what->src->name);
	r = convert_config(plan, err);
	if (r < 0)
		return r;
	return dst->ops->plan ? dst->ops->plan(dst, &plan->doc.image, plan->config.data,
					       plan->config.len, err)
			      : 0;
}

static int run(const struct copy_image *what, const struct keg_buf *bytes, const char *media_type,
	       struct keg_buf *written, const char **written_type, struct keg_err *err)
{
	auto(plan) plan = { .what = what };

	image_report_text(what->reporter, "Getting image source signatures");
	int r = copy_sign_check(what, bytes, &plan.sigs, err);
	if (r < 0)
		return r;
	plan.fixed = copy_sign_fixed(what->how, &plan.sigs);
	r = make_plan(&plan, bytes, media_type, err);
	if (r >= 0)
		r = move_layers(&plan, err);
	if (r >= 0)
		r = move_config(&plan, err);
	if (r >= 0)
		r = write_manifest(&plan, bytes, written, err);
	if (r < 0)
		return r;
	*written_type = manifest_kind_media(plan.kind);
	return 0;
}

int copy_image_run(const struct copy_image *what, const struct keg_buf *bytes,
		   const char *media_type, struct keg_buf *written, const char **written_type,
		   struct keg_err *err)
{
	size_t start = written->len;
	bool lied = what->dst->lied;

	int r = run(what, bytes, media_type, written, written_type, err);
	if (r >= 0 || lied || !what->dst->lied)
		return r;
	/* It said that it has blobs, and has not: all are sent. */
	keg_debug("%s", err->msg);
	keg_buf_cut(written, start);
	return run(what, bytes, media_type, written, written_type, err);
}
