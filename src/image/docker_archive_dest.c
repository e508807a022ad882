/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member's size stands before its bytes, so a layer whose size is not known goes through an
 * unnamed temporary file first. Layers that several images share are written once.
 */
#include <string.h>

#include "archive/tar_writer.h"
#include "base/mem.h"
#include "image/archive_file.h"
#include "image/docker_archive.h"
#include "image/spill.h"

struct docker_dest {
	struct image_dest base;
	struct docker_archive_sink sink;
	struct tar_writer *writer;
	struct keg_arena arena;
	struct keg_strv names;	 /* of the next image */
	struct keg_strv written; /* members */
	struct docker_archive list;
	const char *tmpdir;
};

static int dest_reuse(struct image_dest *dest, const struct image_blob *blob, bool substitute,
		      struct image_blob *have, struct keg_err *err)
{
	struct docker_dest *dst = (struct docker_dest *)dest;
	autofree char *name = keg_printf("%s%s", digest_hex(blob->digest),
					 blob->layer == IMAGE_CONFIG_LAYER ? ".json" : ".tar");

	(void)substitute;
	(void)err;
	if (!keg_strv_has(&dst->written, name))
		return 0;
	*have = *blob;
	return 1;
}

static int add_stream(struct docker_dest *dst, const char *name, struct stream_in *from,
		      uint64_t size, struct keg_err *err)
{
	const struct tar_entry entry = {
		.type = TAR_FILE, .name = name, .link = "", .mode = 0444, .size = size
	};
	char bytes[65536];
	uint64_t left = size;

	int r = tar_writer_add(dst->writer, &entry, err);
	while (r >= 0) {
		ssize_t n = from->read(from, bytes, sizeof bytes, err);

		if (n <= 0) {
			r = (int)n;
			break;
		}
		if ((uint64_t)n > left)
			return keg_fail(err, KEG_ECORRUPT, "%s is longer than %llu bytes", name,
					(unsigned long long)size);
		left -= (uint64_t)n;
		r = tar_writer_data(dst->writer, bytes, (size_t)n, err);
	}
	if (r < 0)
		return r;
	if (left > 0)
		return keg_fail(err, KEG_ECORRUPT, "%s is shorter than %llu bytes", name,
				(unsigned long long)size);
	keg_strv_add(&dst->written, name);
	return 0;
}

/* All of `from` into an unnamed file, its digest and size into *put; the descriptor. */
static int spill(struct docker_dest *dst, struct stream_in *from, struct image_blob *put,
		 struct keg_err *err)
{
	struct stream_tap tap;

	stream_tap_init(&tap, 0);
	int fd = image_spill(from, dst->tmpdir, &tap, err);
	if (fd < 0)
		return fd;
	stream_tap_digest(&tap, put->digest);
	put->size = (int64_t)tap.count;
	return fd;
}

static int dest_put(struct image_dest *dest, const struct image_blob *blob, struct stream_in *from,
		    struct image_blob *put, struct keg_err *err)
{
	struct docker_dest *dst = (struct docker_dest *)dest;
	const char *suffix = blob->layer == IMAGE_CONFIG_LAYER ? ".json" : ".tar";

	*put = *blob;
	if (blob->digest[0] && blob->size >= 0) {
		autofree char *name = keg_printf("%s%s", digest_hex(blob->digest), suffix);
		return add_stream(dst, name, from, (uint64_t)blob->size, err);
	}

	int fd = spill(dst, from, put, err);
	if (fd < 0)
		return fd;
	autoptr(stream_in) spilled = stream_in_fd(fd);
	autofree char *name = keg_printf("%s%s", digest_hex(put->digest), suffix);
	if (keg_strv_has(&dst->written, name))
		return 0;
	return add_stream(dst, name, spilled, (uint64_t)put->size, err);
}

static struct docker_archive_item *add_item(struct docker_dest *dst)
{
	struct docker_archive *list = &dst->list;
	struct docker_archive_item *items =
		keg_arena_alloc(&dst->arena, list->n_items + 1, sizeof *items);

	if (list->n_items > 0)
		memcpy(items, list->items, list->n_items * sizeof *items);
	list->items = items;
	return &items[list->n_items++];
}

static int dest_put_manifest(struct image_dest *dest, const void *bytes, size_t len,
			     const char *media_type, const char *instance, struct keg_err *err)
{
	struct docker_dest *dst = (struct docker_dest *)dest;
	struct manifest_doc doc = { 0 };

	(void)instance;
	int r = manifest_parse(bytes, len, media_type, &dst->arena, &doc, err);
	if (r < 0)
		return r;
	if (doc.kind != MANIFEST_DOCKER)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"writing manifest: Unsupported manifest type, need a Docker schema "
				"2 manifest");

	struct docker_archive_item *item = add_item(dst);
	item->config =
		keg_arena_printf(&dst->arena, "%s.json", digest_hex(doc.image.config->digest));
	item->n_layers = doc.image.n_layers;
	item->layers = keg_arena_alloc(&dst->arena, item->n_layers + 1, sizeof(const char *));
	for (size_t i = 0; i < item->n_layers; i++)
		item->layers[i] = keg_arena_printf(&dst->arena, "%s.tar",
						   digest_hex(doc.image.layers[i].digest));
	item->n_repo_tags = dst->names.n;
	item->repo_tags = keg_arena_alloc(&dst->arena, dst->names.n + 1, sizeof(const char *));
	for (size_t i = 0; i < dst->names.n; i++)
		item->repo_tags[i] = keg_arena_strdup(&dst->arena, dst->names.v[i]);
	return 0;
}

static int dest_commit(struct image_dest *dest, struct keg_err *err)
{
	struct docker_dest *dst = (struct docker_dest *)dest;
	auto(keg_buf) text = { 0 };

	docker_archive_emit(&dst->list, &text);
	int r = tar_writer_file(dst->writer, "manifest.json", text.data, text.len, err);
	if (r >= 0)
		r = tar_writer_end(dst->writer, err);
	return r < 0 ? r : dst->sink.commit(dst->sink.ctx, err);
}

static void dest_free(struct image_dest *dest)
{
	struct docker_dest *dst = (struct docker_dest *)dest;

	tar_writer_free(dst->writer);
	dst->sink.free(dst->sink.ctx);
	keg_arena_done(&dst->arena);
	keg_strv_done(&dst->names);
	keg_strv_done(&dst->written);
	free(dst->base.name);
	free(dst);
}

static const struct image_dest_ops dest_ops = {
	.reuse = dest_reuse,
	.put = dest_put,
	.put_manifest = dest_put_manifest,
	.commit = dest_commit,
	.free = dest_free,
};

void docker_archive_dest_name(struct image_dest *dest, const char *const *names, size_t n)
{
	struct docker_dest *dst = (struct docker_dest *)dest;

	keg_strv_clear(&dst->names);
	keg_strv_extend(&dst->names, names, n);
}

static const char *const media_types[] = { MEDIA_DOCKER_MANIFEST };

struct image_dest *docker_archive_dest_of(const char *name, const struct docker_archive_sink *sink,
					  const char *tmpdir)
{
	struct docker_dest *dst = keg_alloc(1, sizeof *dst);

	dst->base.ops = &dest_ops;
	dst->base.name = keg_strdup(name);
	dst->base.no_signatures = "Storing signatures for docker tar files is not supported";
	dst->base.media_types = media_types;
	dst->base.n_media_types = KEG_COUNT(media_types);
	dst->base.max_parallel = 1;
	dst->sink = *sink;
	dst->writer = tar_writer_new(sink->out, false);
	dst->tmpdir = tmpdir;
	return &dst->base;
}

/* --additional-tag: each a name like the one in the reference. */
static int all_names(const struct docker_archive_ref *ref, const struct image_access *access,
		     struct keg_strv *out, struct keg_err *err)
{
	if (ref->named)
		keg_strv_take(out, reference_format(&ref->ref));
	for (size_t i = 0; i < access->n_additional_tags; i++) {
		auto(reference) tag = { 0 };

		int r = reference_parse_normalized(access->additional_tags[i], &tag, err);
		if (r < 0)
			return keg_wrap(err, "error parsing additional-tag '%s'",
					access->additional_tags[i]);
		reference_add_latest(&tag);
		keg_strv_take(out, reference_format(&tag));
	}
	return 0;
}

static int file_commit(void *ctx, struct keg_err *err)
{
	return archive_file_commit(ctx, err);
}

static void file_free(void *ctx)
{
	archive_file_free(ctx);
}

int docker_archive_dest(const char *rest, const struct image_access *access,
			struct image_dest **out, struct keg_err *err)
{
	auto(docker_archive_ref) ref = { 0 };
	auto(keg_strv) names = { 0 };
	autofree char *name = keg_printf("docker-archive:%s", rest);
	struct archive_file *file;

	int r = docker_archive_ref_parse(rest, &ref, err);
	if (r >= 0 && ref.index >= 0)
		r = keg_fail(err, KEG_EUSAGE,
			     "destination reference must not contain a manifest index @%lld",
			     (long long)ref.index);
	if (r >= 0)
		r = archive_file_check(ref.path, "docker-archive", err);
	if (r >= 0)
		r = all_names(&ref, access, &names, err);
	if (r >= 0)
		r = archive_file_new(ref.path, &file, err);
	if (r < 0)
		return r;
	const struct docker_archive_sink sink = { .out = archive_file_stream(file),
						  .commit = file_commit,
						  .free = file_free,
						  .ctx = file };
	*out = docker_archive_dest_of(name, &sink, access->tmpdir);
	(*out)->compression = IMAGE_DECOMPRESS;
	docker_archive_dest_name(*out, (const char *const *)names.v, names.n);
	return 0;
}
