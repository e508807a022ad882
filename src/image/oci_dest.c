/* SPDX-License-Identifier: Apache-2.0 */
#include "image/oci_layout.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "image/blob_file.h"
#include "image/blob_folder.h"
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
	bool shared_blobs; /* with other layouts */
	bool made, committed, locked;
	struct keg_buf before;	   /* the index as it was */
	struct blob_folder files;  /* of sha256/ */
	int filesfd;		   /* that folder */
	char *media_type, *digest; /* of what the reference will name */
	size_t size;
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

/* The index of the layout; an absent one is the empty text. */
static int read_index(const char *dir, struct keg_buf *out, struct keg_err *err)
{
	autofree char *path = keg_path_join(dir, OCI_INDEX_FILE);

	int r = keg_file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, out, err);
	return r == -KEG_ENOTFOUND ? 0 : r;
}

static int parse_index(const struct layout_dest *dst, const struct keg_buf *text,
		       struct keg_arena *arena, struct manifest_index *out, struct keg_err *err)
{
	*out = (struct manifest_index){ 0 };
	return text->len == 0 ? 0 : oci_index_parse(text, dst->at.path, arena, out, err);
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

	int r = image_blob_file_put(dst->filesfd, "", blob, from, put, err);
	if (r >= 0)
		blob_folder_add(&dst->files, digest_hex(put->digest));
	return r;
}

/* Other images lose the name, the one before it its entry; an unnamed one is not doubled. */
static void drop_former(const struct layout_dest *dst, struct manifest_index *index)
{
	size_t kept = 0;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const char *name = oci_ref_name(&index->manifests[i]);
		bool same = *dst->at.ref
				    ? keg_str_eq(name, dst->at.ref)
				    : !*name && keg_str_eq(index->manifests[i].digest, dst->digest);

		if (!same)
			index->manifests[kept++] = index->manifests[i];
	}
	index->n_manifests = kept;
}

static void add_entry(const struct layout_dest *dst, struct keg_arena *arena,
		      struct manifest_index *index)
{
	struct descriptor *list = keg_arena_alloc(arena, index->n_manifests + 1, sizeof *list);

	drop_former(dst, index);
	if (index->n_manifests > 0)
		memcpy(list, index->manifests, index->n_manifests * sizeof *list);
	struct descriptor *entry = &list[index->n_manifests++];
	entry->media_type = dst->media_type;
	entry->digest = dst->digest;
	entry->size = (int64_t)dst->size;
	if (*dst->at.ref) {
		entry->annotations = keg_arena_alloc(arena, 1, sizeof *entry->annotations);
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
	int r = keg_file_write(dst->filesfd, digest_hex(digest), bytes, len, 0644, 0, err);
	if (r < 0)
		return r;
	blob_folder_add(&dst->files, digest_hex(digest));
	if (instance)
		return 0;
	free(dst->media_type);
	free(dst->digest);
	dst->media_type = keg_strdup(media_type);
	dst->digest = keg_strdup(digest);
	dst->size = len;
	return 0;
}

/* The index as it is by now, others may have added to it, with the image. */
static int write_index(const struct layout_dest *dst, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) now = { 0 }, text = { 0 };
	struct manifest_index index;

	int r = read_index(dst->at.path, &now, err);
	if (r >= 0)
		r = parse_index(dst, &now, &arena, &index, err);
	if (r < 0)
		return r;
	if (dst->digest)
		add_entry(dst, &arena, &index);
	index.schema_version = 2;
	manifest_index_emit(&index, &text);
	return keg_file_write(dst->at.dirfd, OCI_INDEX_FILE, text.data, text.len, 0644, 0, err);
}

static int layout_commit(struct image_dest *dest, struct keg_err *err)
{
	struct layout_dest *dst = (struct layout_dest *)dest;
	struct keg_err ignored;

	int r = keg_file_write(dst->at.dirfd, OCI_LAYOUT_FILE, OCI_LAYOUT_TEXT,
			       sizeof OCI_LAYOUT_TEXT - 1, 0644, 0, err);
	if (r < 0)
		return r;
	autofd int lock = keg_open_at(dst->at.dirfd, "blobs", O_DIRECTORY, 0, err);
	if (lock < 0)
		return lock;
	/* A file system that has no locks is one that nobody shares. */
	(void)!keg_lock_flock(lock, KEG_LOCK_EXCLUSIVE, &ignored);
	r = write_index(dst, err);
	dst->committed = r >= 0;
	return r;
}

/* Nobody else is at it, and nobody was: then what we wrote is no part of other images. */
static bool is_alone(const struct layout_dest *dst)
{
	struct keg_err ignored;
	auto(keg_buf) now = { 0 };

	return dst->locked && keg_lock_try_flock(dst->at.dirfd, KEG_LOCK_EXCLUSIVE, &ignored) > 0 &&
	       read_index(dst->at.path, &now, &ignored) >= 0 && now.len == dst->before.len &&
	       (now.len == 0 || memcmp(now.data, dst->before.data, now.len) == 0);
}

/* An image that failed. */
static void undo(const struct layout_dest *dst)
{
	struct keg_err ignored;

	if (!is_alone(dst))
		return;
	if (dst->made)
		(void)!keg_remove_tree(AT_FDCWD, dst->at.path, &ignored);
	else if (!dst->shared_blobs)
		blob_folder_undo(&dst->files);
}

static void layout_dest_free(struct image_dest *dest)
{
	struct layout_dest *dst = (struct layout_dest *)dest;

	if (!dst->committed)
		undo(dst);
	if (dst->filesfd >= 0)
		close(dst->filesfd);
	layout_close(&dst->at);
	blob_folder_done(&dst->files);
	keg_buf_done(&dst->before);
	free(dst->media_type);
	free(dst->digest);
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

/* Open all of it, locked against those who would tidy up, and look at what is there. */
static int open_dest(struct layout_dest *dst, const struct oci_layout *where, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct manifest_index index;
	struct keg_err ignored;
	bool made = !keg_exists(AT_FDCWD, where->dir);

	int r = make_folders(where, err);
	if (r >= 0)
		r = layout_open(where, &dst->at, err);
	if (r < 0)
		return r;
	dst->made = made;
	dst->locked = keg_lock_flock(dst->at.dirfd, KEG_LOCK_SHARED, &ignored) >= 0;
	dst->filesfd = keg_open_at(dst->at.blobsfd, "sha256", O_DIRECTORY, 0, err);
	if (dst->filesfd < 0)
		return dst->filesfd;
	dst->files.fd = dst->filesfd;
	r = read_index(where->dir, &dst->before, err);
	if (r >= 0)
		r = parse_index(dst, &dst->before, &arena, &index, err);
	/* After the index: what is written from here on is in it only if it changes. */
	return r < 0 || made ? r : blob_folder_list(&dst->files, err);
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
	dst->shared_blobs = where->shared_blobs != NULL;
	dst->at.dirfd = dst->at.blobsfd = dst->filesfd = -1;
	blob_folder_init(&dst->files, -1);
	autoptr(image_dest) owned = &dst->base;

	if (*where->ref == '@')
		return keg_fail(err, KEG_EUSAGE,
				"Destination reference must not contain a manifest index %s",
				where->ref);
	int r = open_dest(dst, where, err);
	if (r < 0)
		return r;
	*out = take_ptr(&owned);
	return 0;
}
