/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive has no manifest in our sense; one is made: layers are known by the diff_ids of
 * the configuration, which is what they are verified against when they are read.
 */
#include <string.h>

#include "archive/compress.h"
#include "base/mem.h"
#include "image/digest_of.h"
#include "image/docker_archive.h"
#include "spec/image_config.h"

struct docker_source {
	struct image_source base;
	struct docker_archive_ref ref;
	struct archive_index *index;
	struct keg_arena arena;
	const struct docker_archive_item *item;
	struct keg_buf config, manifest;
	const struct archive_member **layers;
	size_t n_layers;
};

static int source_manifest(struct image_source *source, const char *instance, struct keg_buf *out,
			   char **media_type, struct keg_err *err)
{
	struct docker_source *src = (struct docker_source *)source;

	if (instance)
		return keg_fail(err, KEG_ENOTFOUND, "Manifest lists are not supported by \"%.*s\"",
				(int)strcspn(source->name, ":"), source->name);
	keg_buf_add(out, src->manifest.data, src->manifest.len);
	*media_type = keg_strdup(MEDIA_DOCKER_MANIFEST);
	return 0;
}

/* A member's bytes decompressed: some writers pack layers although the format has them plain. */
static int plain_layer(struct docker_source *src, const struct archive_member *member,
		       struct stream_in **out, struct keg_err *err)
{
	struct stream_in *raw = archive_index_stream(src->index, member);
	int r = stream_decompress(raw, 0, NULL, out, err);

	if (r < 0)
		stream_in_close(raw);
	return r;
}

static int source_blob(struct image_source *source, const struct image_blob *blob, uint64_t from,
		       struct stream_out *to, struct keg_err *err)
{
	struct docker_source *src = (struct docker_source *)source;
	autoptr(stream_in) in = NULL;

	if (from != 0)
		keg_bug("an archive is no resumable source");
	if (blob->layer == IMAGE_CONFIG_LAYER)
		return to->write(to, src->config.data, src->config.len, err);
	int r = plain_layer(src, src->layers[blob->layer], &in, err);
	if (r < 0)
		return r;
	int64_t n = stream_copy(in, to, err);
	return n < 0 ? (int)n : 0;
}

static void source_free(struct image_source *source)
{
	struct docker_source *src = (struct docker_source *)source;

	if (src->index)
		archive_index_close(src->index);
	docker_archive_ref_done(&src->ref);
	keg_arena_done(&src->arena);
	keg_buf_done(&src->config);
	keg_buf_done(&src->manifest);
	free(src->base.name);
	free(src->base.repository);
	free(src->base.reference);
	free(src);
}

static const struct image_source_ops source_ops = {
	.manifest = source_manifest,
	.blob = source_blob,
	.free = source_free,
};

static bool has_tag(const struct docker_archive_item *item, const char *wanted)
{
	for (size_t i = 0; i < item->n_repo_tags; i++) {
		struct keg_err ignored;
		auto(reference) ref = { 0 };

		if (reference_parse_normalized(item->repo_tags[i], &ref, &ignored) < 0)
			continue;
		autofree char *name = reference_format(&ref);
		if (keg_str_eq(name, wanted))
			return true;
	}
	return false;
}

static int choose_item(struct docker_source *src, const struct docker_archive *list,
		       struct keg_err *err)
{
	const struct docker_archive_ref *ref = &src->ref;

	if (ref->index >= 0) {
		if ((uint64_t)ref->index >= list->n_items)
			return keg_fail(err, KEG_ENOTFOUND,
					"Invalid source index @%lld, only %zu manifest items "
					"available",
					(long long)ref->index, list->n_items);
		src->item = &list->items[ref->index];
		return 0;
	}
	if (!ref->named) {
		if (list->n_items != 1)
			return keg_fail(err, KEG_EUSAGE,
					"Unexpected tar manifest.json: expected 1 item, got %zu",
					list->n_items);
		src->item = &list->items[0];
		return 0;
	}
	autofree char *wanted = reference_format(&ref->ref);
	for (size_t i = 0; i < list->n_items; i++) {
		if (has_tag(&list->items[i], wanted)) {
			src->item = &list->items[i];
			return 0;
		}
	}
	return keg_fail(err, KEG_ENOTFOUND, "Tag \"%s\" not found", wanted);
}

static int layer_size(struct docker_source *src, const struct archive_member *member, int64_t *size,
		      struct keg_err *err)
{
	unsigned char head[COMPRESSION_MAGIC];
	autoptr(stream_in) raw = archive_index_stream(src->index, member);
	autoptr(stream_in) plain = NULL;

	*size = (int64_t)member->size;
	ssize_t n = stream_read_full(raw, head, sizeof head, err);
	if (n < 0)
		return (int)n;
	if (compression_detect(head, (size_t)n) == COMPRESSION_NONE)
		return 0;
	int r = plain_layer(src, member, &plain, err);
	if (r < 0)
		return r;

	char bytes[65536];
	ssize_t got;
	for (*size = 0; (got = plain->read(plain, bytes, sizeof bytes, err)) > 0;)
		*size += got;
	return got < 0 ? (int)got : 0;
}

static int find_layers(struct docker_source *src, const struct image_config *config,
		       struct manifest *image, struct keg_err *err)
{
	size_t n = src->item->n_layers;

	if (config->rootfs->n_diff_ids != n)
		return keg_fail(err, KEG_ECORRUPT,
				"the archive has %zu layers, and the "
				"configuration names %zu",
				n, config->rootfs->n_diff_ids);
	src->n_layers = n;
	src->layers = keg_arena_alloc(&src->arena, n + 1, sizeof(const struct archive_member *));
	image->layers = keg_arena_alloc(&src->arena, n + 1, sizeof *image->layers);
	image->n_layers = n;
	for (size_t i = 0; i < n; i++) {
		/* The type that the peers give them, packed or not: so they have the digest of
		 * theirs. */
		src->layers[i] = archive_index_find(src->index, src->item->layers[i]);
		if (!src->layers[i])
			return keg_fail(err, KEG_ECORRUPT, "layer tarball \"%s\" is missing",
					src->item->layers[i]);
		image->layers[i].media_type = MEDIA_DOCKER_LAYER_GZIP;
		image->layers[i].digest = config->rootfs->diff_ids[i];
		int r = layer_size(src, src->layers[i], &image->layers[i].size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_manifest(struct docker_source *src, struct keg_err *err)
{
	struct image_config config = { 0 };
	struct manifest image = { .schema_version = 2, .media_type = MEDIA_DOCKER_MANIFEST };
	char digest[DIGEST_SHA256_LEN + 1];

	int r = archive_index_read(src->index, src->item->config, IMAGE_CONFIG_BYTES_MAX,
				   &src->config, err);
	if (r < 0)
		return r;
	r = image_config_parse(src->config.data, src->config.len, &src->arena, &config, err);
	if (r >= 0)
		r = find_layers(src, &config, &image, err);
	if (r < 0)
		return keg_wrap(err, "%s", src->item->config);

	image_digest_of(digest, src->config.data, src->config.len);
	struct descriptor descriptor = { .media_type = MEDIA_DOCKER_CONFIG,
					 .digest = digest,
					 .size = (int64_t)src->config.len };
	image.config = &descriptor;
	manifest_emit(&image, &src->manifest);
	return 0;
}

int docker_archive_source_of(const char *name, struct docker_archive_ref *ref,
			     struct archive_index *index, struct image_source **out,
			     struct keg_err *err)
{
	struct docker_archive list;
	struct docker_source *src = keg_alloc(1, sizeof *src);

	src->base.ops = &source_ops;
	src->base.name = keg_strdup(name);
	src->index = index;
	src->ref = *ref;
	*ref = (struct docker_archive_ref){ 0 };
	autoptr(image_source) owned = &src->base;

	int r = docker_archive_list(src->index, &src->arena, &list, err);
	if (r >= 0)
		r = choose_item(src, &list, err);
	if (r >= 0)
		r = make_manifest(src, err);
	if (r < 0)
		return r;
	if (src->ref.named)
		src->base.repository = reference_name(&src->ref.ref);
	src->base.reference = reference_format(&src->ref.ref);
	*out = take_ptr(&owned);
	return 0;
}

int docker_archive_source(const char *rest, const struct image_access *access,
			  struct image_source **out, struct keg_err *err)
{
	auto(docker_archive_ref) ref = { 0 };
	autofree char *name = keg_printf("docker-archive:%s", rest);
	struct archive_index *index;

	int r = docker_archive_ref_parse(rest, &ref, err);
	if (r >= 0)
		r = archive_index_open(ref.path, access->tmpdir, &index, err);
	return r < 0 ? r : docker_archive_source_of(name, &ref, index, out, err);
}
