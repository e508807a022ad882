/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/blob_file.h"
#include "image/oci_layout.h"
#include "spec/layout.h"

struct layout_source {
	struct image_source base;
	struct oci_files files;
	struct keg_arena arena;
	const struct descriptor *entry; /* what the reference names */
};

static int find_entry(struct layout_source *src, const struct manifest_index *index,
		      const char *ref, struct keg_err *err)
{
	if (!*ref) {
		if (index->n_manifests != 1)
			return keg_fail(err, KEG_EUSAGE,
					"more than one image in oci, choose an image");
		src->entry = &index->manifests[0];
		return 0;
	}
	uint64_t at;
	int r = oci_layout_index(ref, &at, err);
	if (r < 0)
		return r;
	if (r > 0 && at >= index->n_manifests)
		return keg_fail(err, KEG_ENOTFOUND,
				"index %llu is too large, only %zu entries available",
				(unsigned long long)at, index->n_manifests);
	if (r > 0) {
		src->entry = &index->manifests[at];
		return 0;
	}
	for (size_t i = 0; i < index->n_manifests; i++) {
		if (keg_str_eq(oci_ref_name(&index->manifests[i]), ref)) {
			src->entry = &index->manifests[i];
			return 0;
		}
	}
	return keg_fail(err, KEG_ENOIMAGE, "no descriptor found for reference \"%s\"", ref);
}

static char *blob_path(const char *digest)
{
	autofree char *name = oci_blob_name(digest);

	return keg_printf("blobs/%s", name);
}

static int layout_manifest(struct image_source *source, const char *instance, struct keg_buf *out,
			   char **media_type, struct keg_err *err)
{
	struct layout_source *src = (struct layout_source *)source;
	const char *digest = instance ? instance : src->entry->digest;

	int r = digest_check(digest, err);
	if (r < 0)
		return r;
	autofree char *path = blob_path(digest);
	r = src->files.read(src->files.ctx, path, MANIFEST_BYTES_MAX, out, err);
	if (r < 0)
		return r;
	*media_type = instance ? NULL : keg_strdup(src->entry->media_type);
	return 0;
}

static int layout_blob(struct image_source *source, const struct image_blob *blob, uint64_t from,
		       struct stream_out *to, struct keg_err *err)
{
	struct layout_source *src = (struct layout_source *)source;
	autofree char *path = blob_path(blob->digest);

	return src->files.send(src->files.ctx, path, from, to, err);
}

static void layout_free(struct image_source *source)
{
	struct layout_source *src = (struct layout_source *)source;

	src->files.close(src->files.ctx);
	keg_arena_done(&src->arena);
	free(src->base.name);
	free(src->base.pinned);
	free(src);
}

static const struct image_source_ops layout_ops = {
	.manifest = layout_manifest,
	.blob = layout_blob,
	.free = layout_free,
};

int oci_layout_source_of(const char *name, const char *ref, const struct oci_files *files,
			 struct image_source **out, struct keg_err *err)
{
	auto(keg_buf) bytes = { 0 };
	struct manifest_index index;
	struct layout_source *src = keg_alloc(1, sizeof *src);

	src->base.ops = &layout_ops;
	src->base.name = keg_strdup(name);
	src->files = *files;
	autoptr(image_source) owned = &src->base;

	int r = files->read(files->ctx, OCI_INDEX_FILE, MANIFEST_BYTES_MAX, &bytes, err);
	if (r >= 0)
		r = oci_index_parse(&bytes, OCI_INDEX_FILE, &src->arena, &index, err);
	if (r >= 0)
		r = find_entry(src, &index, ref, err);
	if (r < 0)
		return r;
	src->base.pinned = keg_strdup(src->entry->digest);
	*out = take_ptr(&owned);
	return 0;
}

/* A layout in a folder, with its blobs perhaps in another. */
struct folder {
	char *dir, *blobs; /* blobs: NULL, or what "blobs/" stands for */
};

static char *folder_path(const struct folder *folder, const char *name)
{
	const char *blob = keg_str_after(name, "blobs/");

	return folder->blobs && blob ? keg_path_join(folder->blobs, blob)
				     : keg_path_join(folder->dir, name);
}

static int folder_read(void *ctx, const char *name, size_t most, struct keg_buf *out,
		       struct keg_err *err)
{
	autofree char *path = folder_path(ctx, name);

	return keg_file_read(AT_FDCWD, path, most, out, err);
}

static int folder_send(void *ctx, const char *name, uint64_t from, struct stream_out *to,
		       struct keg_err *err)
{
	autofree char *path = folder_path(ctx, name);

	return image_blob_file_send(AT_FDCWD, path, from, to, err);
}

static void folder_close(void *ctx)
{
	struct folder *folder = ctx;

	free(folder->dir);
	free(folder->blobs);
	free(folder);
}

int oci_layout_source(const struct oci_layout *where, struct image_source **out,
		      struct keg_err *err)
{
	struct folder *folder = keg_alloc(1, sizeof *folder);

	folder->dir = keg_strdup(where->dir);
	folder->blobs = keg_strdup(where->shared_blobs);
	const struct oci_files files = {
		.read = folder_read, .send = folder_send, .close = folder_close, .ctx = folder
	};
	return oci_layout_source_of(where->name, where->ref, &files, out, err);
}
