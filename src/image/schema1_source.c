/* SPDX-License-Identifier: Apache-2.0 */
#include "image/schema1_source.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/digest_of.h"
#include "image/fetch.h"
#include "image/spill.h"

struct fetched {
	int fd;
	struct image_measures is;
};

struct schema1_source {
	struct image_source base;
	struct fetched *layers; /* those that are not thrown away */
	size_t n_layers;
	struct keg_buf config, manifest;
};

static int schema1_manifest(struct image_source *source, const char *instance, struct keg_buf *out,
			    char **media_type, struct keg_err *err)
{
	struct schema1_source *src = (struct schema1_source *)source;

	if (instance)
		return keg_fail(err, KEG_ENOTFOUND, "an image of schema 1 has no others below it");
	keg_buf_add(out, src->manifest.data, src->manifest.len);
	*media_type = keg_strdup(MEDIA_DOCKER_MANIFEST);
	return 0;
}

static int schema1_blob(struct image_source *source, const struct image_blob *blob, uint64_t from,
			struct stream_out *to, struct keg_err *err)
{
	struct schema1_source *src = (struct schema1_source *)source;

	if (blob->layer == IMAGE_CONFIG_LAYER)
		return to->write(to, src->config.data, src->config.len, err);
	autoptr(stream_in) in = stream_in_window(src->layers[blob->layer].fd, from, UINT64_MAX);
	int64_t n = stream_copy(in, to, err);
	return n < 0 ? (int)n : 0;
}

static void schema1_free(struct image_source *source)
{
	struct schema1_source *src = (struct schema1_source *)source;

	for (size_t i = 0; i < src->n_layers; i++) {
		if (src->layers[i].fd >= 0)
			close(src->layers[i].fd);
	}
	free(src->layers);
	keg_buf_done(&src->config);
	keg_buf_done(&src->manifest);
	free(src->base.name);
	free(src->base.repository);
	free(src);
}

static const struct image_source_ops schema1_ops = {
	.manifest = schema1_manifest,
	.blob = schema1_blob,
	.free = schema1_free,
};

static int fetch(struct image_source *under, const char *digest, const char *tmpdir,
		 struct fetched *out, struct keg_err *err)
{
	struct image_blob blob = { .size = -1 };

	int r = image_digest_check(digest, err);
	if (r < 0)
		return r;
	snprintf(blob.digest, sizeof blob.digest, "%s", digest);
	out->fd = keg_open_unnamed(image_tmpdir(tmpdir), err);
	if (out->fd < 0)
		return out->fd;
	int second = fcntl(out->fd, F_DUPFD_CLOEXEC, 3);
	if (second < 0)
		return keg_fail_sys(err, errno, "duplicate a descriptor");
	autoptr(stream_out) to = stream_out_fd(second);
	r = under->ops->blob(under, &blob, 0, to, err);
	if (r >= 0)
		r = to->finish(to, err);
	if (r >= 0)
		r = image_measure(out->fd, &out->is, err);
	if (r < 0)
		return r;
	if (!keg_str_eq(out->is.digest, digest))
		return keg_fail(err, KEG_ECORRUPT, "blob %s did not match its digest, got %s",
				digest, out->is.digest);
	return 0;
}

static int fetch_all(struct schema1_source *src, struct image_source *under,
		     const struct schema1 *image, const char *tmpdir, struct keg_err *err)
{
	src->layers = keg_alloc(image->n_layers, sizeof *src->layers);
	for (size_t i = 0; i < image->n_layers; i++) {
		if (image->layers[i].throwaway)
			continue;
		struct fetched *layer = &src->layers[src->n_layers++];
		int r = fetch(under, image->layers[i].digest, tmpdir, layer, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_config(struct schema1_source *src, const struct schema1 *image, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	const char **diff_ids = keg_arena_alloc(&arena, src->n_layers + 1, sizeof *diff_ids);

	for (size_t i = 0; i < src->n_layers; i++)
		diff_ids[i] = src->layers[i].is.diff_id;
	return schema1_config(image, diff_ids, src->n_layers, &src->config, err);
}

static void make_manifest(struct schema1_source *src)
{
	auto(keg_arena) arena = { 0 };
	char digest[DIGEST_SHA256_LEN + 1];
	struct descriptor config = { .media_type = MEDIA_DOCKER_CONFIG,
				     .digest = digest,
				     .size = (int64_t)src->config.len };
	struct manifest made = { .schema_version = 2,
				 .media_type = MEDIA_DOCKER_MANIFEST,
				 .config = &config,
				 .n_layers = src->n_layers };

	image_digest_of(digest, src->config.data, src->config.len);
	made.layers = keg_arena_alloc(&arena, src->n_layers + 1, sizeof *made.layers);
	for (size_t i = 0; i < src->n_layers; i++) {
		made.layers[i].media_type = MEDIA_DOCKER_LAYER_GZIP;
		made.layers[i].digest = src->layers[i].is.digest;
		made.layers[i].size = (int64_t)src->layers[i].is.size;
	}
	manifest_emit(&made, &src->manifest);
}

int schema1_source_new(struct image_source *under, const struct schema1 *image, const char *tmpdir,
		       struct image_source **out, struct keg_err *err)
{
	struct schema1_source *src = keg_alloc(1, sizeof *src);

	src->base.ops = &schema1_ops;
	src->base.name = keg_strdup(under->name);
	src->base.repository = keg_strdup(under->repository);
	autoptr(image_source) owned = &src->base;
	int r = fetch_all(src, under, image, tmpdir, err);
	if (r >= 0)
		r = make_config(src, image, err);
	if (r < 0)
		return r;
	make_manifest(src);
	*out = take_ptr(&owned);
	return 0;
}
