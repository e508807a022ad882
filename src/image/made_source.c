/* SPDX-License-Identifier: Apache-2.0 */
#include "image/made_source.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "image/digest_of.h"

static int made_manifest(struct image_source *source, const char *instance, struct keg_buf *out,
			 char **media_type, struct keg_err *err)
{
	struct made_source *src = (struct made_source *)source;

	if (instance)
		return keg_fail(err, KEG_ENOTFOUND,
				"manifest lists are not supported by the \"%.*s\" transport",
				(int)strcspn(source->name, ":"), source->name);
	keg_buf_add(out, src->manifest.data, src->manifest.len);
	*media_type = keg_strdup(manifest_kind_media(src->kind));
	return 0;
}

static int made_blob(struct image_source *source, const struct image_blob *blob, uint64_t from,
		     struct stream_out *to, struct keg_err *err)
{
	struct made_source *src = (struct made_source *)source;

	if (blob->layer == IMAGE_CONFIG_LAYER)
		return to->write(to, src->config.data, src->config.len, err);
	const struct made_layer *layer = &src->layers[blob->layer];
	autoptr(stream_in) in = stream_in_window(layer->fd, from, layer->is.size);
	int64_t n = stream_copy(in, to, err);
	return n < 0 ? (int)n : 0;
}

static void made_free(struct image_source *source)
{
	struct made_source *src = (struct made_source *)source;

	for (size_t i = 0; i < src->n_layers; i++)
		close(src->layers[i].fd);
	free(src->layers);
	keg_buf_done(&src->config);
	keg_buf_done(&src->manifest);
	free(src->base.name);
	free(src->base.repository);
	free(src);
}

static const struct image_source_ops made_ops = {
	.manifest = made_manifest,
	.blob = made_blob,
	.free = made_free,
};

struct made_source *made_source_new(char *name, size_t room)
{
	struct made_source *src = keg_alloc(1, sizeof *src);

	src->base.ops = &made_ops;
	src->base.name = name;
	src->layers = keg_alloc(room + 1, sizeof *src->layers);
	return src;
}

int made_source_add(struct made_source *src, int fd, struct keg_err *err)
{
	if (fd < 0)
		return fd;
	struct made_layer *layer = &src->layers[src->n_layers++];
	layer->fd = fd;
	return image_measure(fd, &layer->is, err);
}

static const char *layer_type(const struct made_source *src, const struct made_layer *layer)
{
	if (src->kind == MANIFEST_DOCKER)
		return MEDIA_DOCKER_LAYER_GZIP; /* whatever it is, as with the peers */
	return layer->is.packing == COMPRESSION_GZIP   ? MEDIA_OCI_LAYER_GZIP
	       : layer->is.packing == COMPRESSION_ZSTD ? MEDIA_OCI_LAYER_ZSTD
						       : MEDIA_OCI_LAYER;
}

void made_source_finish(struct made_source *src, enum manifest_kind kind)
{
	auto(keg_arena) arena = { 0 };
	char digest[DIGEST_SHA256_LEN + 1];
	struct descriptor config = { .media_type = kind == MANIFEST_OCI ? MEDIA_OCI_CONFIG
									: MEDIA_DOCKER_CONFIG,
				     .digest = digest,
				     .size = (int64_t)src->config.len };
	struct manifest image = { .schema_version = 2,
				  .media_type = manifest_kind_media(kind),
				  .config = &config,
				  .n_layers = src->n_layers };

	src->kind = kind;
	image_digest_of(digest, src->config.data, src->config.len);
	image.layers = keg_arena_alloc(&arena, src->n_layers + 1, sizeof *image.layers);
	for (size_t i = 0; i < src->n_layers; i++) {
		image.layers[i].media_type = layer_type(src, &src->layers[i]);
		image.layers[i].digest = src->layers[i].is.digest;
		image.layers[i].size = (int64_t)src->layers[i].is.size;
	}
	manifest_emit(&image, &src->manifest);
}
