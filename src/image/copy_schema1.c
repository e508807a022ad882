/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_schema1.h"

#include <string.h>

#include "base/mem.h"
#include "image/copy_blobs.h"
#include "image/copy_sign.h"
#include "image/schema1_sign.h"
#include "image/schema1_source.h"

static bool stays(const struct copy_image *what)
{
	const char *format = what->how->format;

	return format ? manifest_kind_of_media(format) == MANIFEST_DOCKER_SCHEMA1
		      : what->dst->takes_schema1;
}

/* Registries hold a manifest to the name that stands in it. True when it says another one. */
static bool rename_for(const struct image_dest *dst, struct schema1 *image)
{
	if (!dst->docker_path)
		return false;
	const char *tag = dst->docker_tag ? dst->docker_tag : "";
	if (keg_str_eq(image->name, dst->docker_path) && keg_str_eq(image->tag, tag))
		return false;
	image->name = dst->docker_path;
	image->tag = tag;
	return true;
}

static int emit_signed(const struct schema1 *image, struct keg_buf *out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	schema1_emit(image, &text);
	return schema1_sign(text.data, text.len, out, err);
}

/* Each blob once, whatever the history says about it. */
static int move_layers(const struct copy_image *what, const struct schema1 *image,
		       struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct copy_blob *v = keg_arena_alloc(&arena, image->n_layers, sizeof *v);
	struct copy_blobs blobs = { .src = what->src,
				    .dst = what->dst,
				    .v = v,
				    .parallel = what->how->parallel,
				    .reporter = what->reporter };

	for (size_t i = 0; i < image->n_layers; i++) {
		bool seen = false;

		for (size_t k = 0; k < blobs.n && !seen; k++)
			seen = keg_str_eq(v[k].want.digest, image->layers[i].digest);
		if (seen)
			continue;
		struct copy_blob *blob = &v[blobs.n++];
		blob->wish.opaque = true;
		blob->want = (struct image_blob){ .size = -1, .layer = (int)i };
		snprintf(blob->want.digest, sizeof blob->want.digest, "%s",
			 image->layers[i].digest);
	}
	return copy_blobs_run(&blobs, err);
}

static int fixed_fail(const struct copy_image *what, const char *fixed, struct keg_err *err)
{
	return keg_fail(err, KEG_EUSAGE,
			"a schema1 manifest cannot be written to %s without changing it, which we "
			"cannot do: \"%s\"",
			what->dst->name, fixed);
}

static int copy_as_is(const struct copy_image *what, struct schema1 *image,
		      const struct keg_buf *bytes, struct signatures *sigs, struct keg_buf *written,
		      struct keg_err *err)
{
	const char *fixed = copy_sign_fixed(what->how, sigs);
	size_t start = written->len;

	if (!what->dst->takes_schema1)
		return keg_fail(err, KEG_EUNSUPPORTED, "cannot write manifests of type %s to %s",
				MEDIA_DOCKER_SCHEMA1_SIGNED, what->dst->name);
	bool renamed = rename_for(what->dst, image);
	if (renamed && fixed)
		return fixed_fail(what, fixed, err);
	int r = move_layers(what, image, err);
	if (r < 0)
		return r;
	if (renamed)
		r = emit_signed(image, written, err);
	else
		keg_buf_add(written, bytes->data, bytes->len);
	if (r < 0)
		return r;
	image_report_text(what->reporter, "Writing manifest to image destination");
	r = what->dst->ops->put_manifest(what->dst, written->data + start, written->len - start,
					 MEDIA_DOCKER_SCHEMA1_SIGNED, NULL, err);
	return r < 0 ? r
		     : copy_sign_put(what, sigs, written->data + start, written->len - start, NULL,
				     err);
}

static int copy_converted(const struct copy_image *what, const struct schema1 *image,
			  const char *fixed, struct keg_buf *written, const char **written_type,
			  struct keg_err *err)
{
	const struct image_access *access = what->how->source_access;
	struct copy_image as = *what;
	autoptr(image_source) converted = NULL;
	auto(keg_buf) bytes = { 0 };

	if (fixed)
		return fixed_fail(what, fixed, err);
	autofree char *type = NULL;
	int r = schema1_source_new(what->src, image, access ? access->tmpdir : NULL, &converted,
				   err);
	if (r >= 0)
		r = image_source_manifest(converted, NULL, &bytes, &type, err);
	if (r < 0)
		return r;
	as.src = converted;
	as.allowed = true;
	return copy_image_run(&as, &bytes, type, written, written_type, err);
}

int copy_schema1_run(const struct copy_image *what, const struct keg_buf *bytes,
		     struct keg_buf *written, const char **written_type, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	auto(signatures) sigs = { 0 };
	struct schema1 image = { 0 };

	int r = schema1_parse(keg_buf_text(bytes), bytes->len, &arena, &image, err);
	if (r < 0)
		return keg_wrap(err, "parsing manifest of %s", what->src->name);
	if (stays(what)) /* what is converted is reported as what it becomes */
		image_report_text(what->reporter, "Getting image source signatures");
	r = copy_sign_check(what, bytes, &sigs, err);
	if (r < 0)
		return r;
	if (!stays(what))
		return copy_converted(what, &image, copy_sign_fixed(what->how, &sigs), written,
				      written_type, err);
	r = copy_as_is(what, &image, bytes, &sigs, written, err);
	if (r < 0)
		return r;
	*written_type = MEDIA_DOCKER_SCHEMA1_SIGNED;
	image_report_text(what->reporter, "Storing signatures");
	return 0;
}

static int put_empty_layer(struct image_dest *dst, struct keg_err *err)
{
	const struct image_blob empty = { .digest = SCHEMA1_EMPTY_DIGEST,
					  .size = sizeof schema1_empty_layer };
	struct image_blob put;
	autoptr(stream_in) from = stream_in_memory(schema1_empty_layer, sizeof schema1_empty_layer);

	int r = dst->ops->reuse(dst, &empty, false, &put, err);
	return r != 0 ? r : dst->ops->put(dst, &empty, from, &put, err);
}

int copy_schema1_make(struct image_dest *dst, const struct manifest *image, const char *config,
		      size_t len, struct keg_buf *out, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct schema1 made = { 0 };
	bool needs_empty = false;

	int r = schema1_of_image(image, config, len, &arena, &made, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < made.n_layers; i++)
		needs_empty = needs_empty || made.layers[i].throwaway;
	r = needs_empty ? put_empty_layer(dst, err) : 0;
	if (r < 0)
		return r;
	rename_for(dst, &made);
	return emit_signed(&made, out, err);
}
