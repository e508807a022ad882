/* SPDX-License-Identifier: Apache-2.0 */
#include "image/oci_layout.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/blob_file.h"
#include "image/digest_of.h"
#include "spec/layout.h"

struct layout {
	int dirfd;   /* the layout */
	int blobsfd; /* holds a folder for each algorithm */
	char *path, *ref;
};

struct layout_dest {
	struct image_dest base;
	struct layout at;
	struct keg_arena arena;
	struct manifest_index index; /* as it will be */
	bool made, committed;	     /* the folder; a new one goes with an image that failed */
};

static void layout_close(struct layout *at)
{
	if (at->dirfd >= 0)
		close(at->dirfd);
	if (at->blobsfd >= 0)
		close(at->blobsfd);
	free(at->path);
	free(at->ref);
}

static int layout_open(const struct oci_layout *where, struct layout *at, struct keg_err *err)
{
	*at = (struct layout){ .dirfd = -1, .blobsfd = -1 };
	autofree char *own = keg_path_join(where->dir, "blobs");
	autofd int dirfd = keg_open_at(AT_FDCWD, where->dir, O_DIRECTORY, 0, err);
	if (dirfd < 0)
		return dirfd;
	autofd int blobsfd = keg_open_at(AT_FDCWD, where->shared_blobs ? where->shared_blobs : own,
					 O_DIRECTORY, 0, err);
	if (blobsfd < 0)
		return blobsfd;

	at->dirfd = take_fd(&dirfd);
	at->blobsfd = take_fd(&blobsfd);
	at->path = keg_strdup(where->dir);
	at->ref = keg_strdup(where->ref);
	return 0;
}

/* The index of the layout; an absent one is KEG_ENOTFOUND. */
static int read_index(const char *dir, struct keg_arena *arena, struct manifest_index *out,
		      struct keg_err *err)
{
	auto(keg_buf) bytes = { 0 };
	autofree char *path = keg_path_join(dir, OCI_INDEX_FILE);

	int r = keg_file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, &bytes, err);
	return r < 0 ? r : oci_index_parse(&bytes, path, arena, out, err);
}

static int layout_reuse(struct image_dest *dest, const struct image_blob *blob, bool substitute,
			struct image_blob *have, struct keg_err *err)
{
	struct layout_dest *dst = (struct layout_dest *)dest;
	autofree char *name = oci_blob_name(blob->digest);

	(void)substitute;
	(void)err;
	return image_blob_file_has(dst->at.blobsfd, blob, name, have);
}

static int layout_put(struct image_dest *dest, const struct image_blob *blob,
		      struct stream_in *from, struct image_blob *put, struct keg_err *err)
{
	struct layout_dest *dst = (struct layout_dest *)dest;

	return image_blob_file_put(dst->at.blobsfd, "sha256/", blob, from, put, err);
}

/* Other images lose the name, the one before it its entry; an unnamed one is not doubled. */
static void drop_former(struct layout_dest *dst, const char *digest)
{
	struct manifest_index *index = &dst->index;
	size_t kept = 0;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const char *name = oci_ref_name(&index->manifests[i]);
		bool same = *dst->at.ref ? keg_str_eq(name, dst->at.ref)
					 : !*name && keg_str_eq(index->manifests[i].digest, digest);

		if (!same)
			index->manifests[kept++] = index->manifests[i];
	}
	index->n_manifests = kept;
}

static void add_entry(struct layout_dest *dst, const char *media_type, const char *digest,
		      size_t len)
{
	struct manifest_index *index = &dst->index;
	struct descriptor *list =
		keg_arena_alloc(&dst->arena, index->n_manifests + 1, sizeof *list);

	drop_former(dst, digest);
	if (index->n_manifests > 0)
		memcpy(list, index->manifests, index->n_manifests * sizeof *list);
	struct descriptor *entry = &list[index->n_manifests++];
	entry->media_type = keg_arena_strdup(&dst->arena, media_type);
	entry->digest = keg_arena_strdup(&dst->arena, digest);
	entry->size = (int64_t)len;
	if (*dst->at.ref) {
		entry->annotations = keg_arena_alloc(&dst->arena, 1, sizeof *entry->annotations);
		entry->annotations[0] = (struct keg_pair){ OCI_ANNOTATION_REF_NAME, dst->at.ref };
		entry->n_annotations = 1;
	}
	index->manifests = list;
}

static int layout_put_manifest(struct image_dest *dest, const void *bytes, size_t len,
			       const char *media_type, const char *instance, struct keg_err *err)
{
	struct layout_dest *dst = (struct layout_dest *)dest;
	char digest[DIGEST_SHA256_LEN + 1];

	image_digest_of(digest, bytes, len);
	autofree char *name = oci_blob_name(digest);
	int r = keg_file_write(dst->at.blobsfd, name, bytes, len, 0644, 0, err);
	if (r < 0 || instance)
		return r;
	add_entry(dst, media_type, digest, len);
	return 0;
}

static int layout_commit(struct image_dest *dest, struct keg_err *err)
{
	struct layout_dest *dst = (struct layout_dest *)dest;
	auto(keg_buf) text = { 0 };

	int r = keg_file_write(dst->at.dirfd, OCI_LAYOUT_FILE, OCI_LAYOUT_TEXT,
			       sizeof OCI_LAYOUT_TEXT - 1, 0644, 0, err);
	if (r < 0)
		return r;
	dst->index.schema_version = 2;
	manifest_index_emit(&dst->index, &text);
	r = keg_file_write(dst->at.dirfd, OCI_INDEX_FILE, text.data, text.len, 0644, 0, err);
	dst->committed = r >= 0;
	return r;
}

static void layout_dest_free(struct image_dest *dest)
{
	struct layout_dest *dst = (struct layout_dest *)dest;
	struct keg_err ignored;

	if (dst->made && !dst->committed)
		(void)!keg_remove_tree(AT_FDCWD, dst->at.path, &ignored);
	layout_close(&dst->at);
	keg_arena_done(&dst->arena);
	free(dst->base.name);
	free(dst);
}

static const struct image_dest_ops layout_dest_ops = {
	.reuse = layout_reuse,
	.put = layout_put,
	.put_manifest = layout_put_manifest,
	.commit = layout_commit,
	.free = layout_dest_free,
};

static const char *const layout_media_types[] = { MEDIA_OCI_MANIFEST, MEDIA_OCI_INDEX };

static int make_folders(const struct oci_layout *where, struct keg_err *err)
{
	autofree char *own = keg_path_join(where->dir, "blobs");
	autofree char *blobs =
		keg_path_join(where->shared_blobs ? where->shared_blobs : own, "sha256");

	int r = keg_mkdirs(AT_FDCWD, own, 0755, err);
	return r < 0 ? r : keg_mkdirs(AT_FDCWD, blobs, 0755, err);
}

int oci_layout_dest(const struct oci_layout *where, bool accept_uncompressed,
		    struct image_dest **out, struct keg_err *err)
{
	struct layout_dest *dst = keg_alloc(1, sizeof *dst);

	dst->base.ops = &layout_dest_ops;
	dst->base.name = keg_strdup(where->name);
	dst->base.no_signatures = "Pushing signatures for OCI images is not supported";
	dst->base.media_types = layout_media_types;
	dst->base.n_media_types = KEG_COUNT(layout_media_types);
	dst->base.compression = accept_uncompressed ? IMAGE_KEEP : IMAGE_COMPRESS;
	dst->base.takes_index = dst->base.takes_urls = true;
	dst->at.dirfd = dst->at.blobsfd = -1;
	autoptr(image_dest) owned = &dst->base;

	if (*where->ref == '@')
		return keg_fail(err, KEG_EUSAGE,
				"Destination reference must not contain a manifest index %s",
				where->ref);
	int r = read_index(where->dir, &dst->arena, &dst->index, err);
	if (r < 0 && r != -KEG_ENOTFOUND)
		return r;
	bool made = !keg_exists(AT_FDCWD, where->dir);
	r = make_folders(where, err);
	if (r >= 0)
		r = layout_open(where, &dst->at, err);
	if (r < 0)
		return r;
	dst->made = made;
	*out = take_ptr(&owned);
	return 0;
}
