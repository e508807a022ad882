/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dir:PATH - an image as plain files: manifest.json (or HEX.manifest.json below an index),
 * blobs named by their hex digits, signature-1 and so on, and a file `version`. Meant for looking
 * into.
 *
 * A destination that holds an image already is cleared of it when the new one is whole; one
 * that holds anything else is refused. New blobs are written under temporary names and renamed
 * when they are whole. What might belong to the image before under the same name (manifest,
 * signatures) waits under another until all is there. An image that failed leaves nothing: the
 * folder goes if it was made for it, else what was not in it before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/blob_file.h"
#include "image/blob_folder.h"
#include "image/scopes.h"
#include "image/transport.h"

#define VERSION_FILE "version"
#define VERSION_TEXT "Directory Transport Version: 1.1\n"
#define MANIFEST_FILE "manifest.json"

struct dir_source {
	struct image_source base;
	int dirfd;
	char *path;
};

struct dir_dest {
	struct image_dest base;
	int dirfd;
	char *path;
	bool made, committed;
	struct keg_buf manifest; /* of what the reference names */
	struct blob_folder files;
	struct keg_strv waiting; /* files that are not there under their names yet */
};

static char *manifest_name(const char *instance)
{
	return instance ? keg_printf("%s." MANIFEST_FILE, digest_hex(instance))
			: keg_strdup(MANIFEST_FILE);
}

static int dir_manifest(struct image_source *src, const char *instance, struct keg_buf *out,
			char **media_type, struct keg_err *err)
{
	struct dir_source *dir = (struct dir_source *)src;
	autofree char *name = manifest_name(instance);
	autofree char *path = keg_path_join(dir->path, name);

	*media_type = NULL;
	return keg_file_read(AT_FDCWD, path, MANIFEST_BYTES_MAX, out, err);
}

static int dir_blob(struct image_source *src, const struct image_blob *blob, uint64_t from,
		    struct stream_out *to, struct keg_err *err)
{
	struct dir_source *dir = (struct dir_source *)src;

	return image_blob_file_send(dir->dirfd, digest_hex(blob->digest), from, to, err);
}

static void dir_source_free(struct image_source *src)
{
	struct dir_source *dir = (struct dir_source *)src;

	if (dir->dirfd >= 0)
		close(dir->dirfd);
	free(dir->path);
	free(dir->base.name);
	free(dir);
}

static char *signature_name(const char *instance, size_t i)
{
	return instance ? keg_printf("%s.signature-%zu", digest_hex(instance), i + 1)
			: keg_printf("signature-%zu", i + 1);
}

static int dir_signatures(struct image_source *src, const char *instance, struct signatures *out,
			  struct keg_err *err)
{
	struct dir_source *dir = (struct dir_source *)src;

	for (size_t i = 0;; i++) {
		autofree char *name = signature_name(instance, i);
		auto(keg_buf) bytes = { 0 };

		if (!keg_exists(dir->dirfd, name))
			return 0;
		int r = keg_file_read(dir->dirfd, name, SIGNATURE_BYTES_MAX, &bytes, err);
		if (r >= 0)
			r = signatures_parse(out, keg_buf_text(&bytes), bytes.len, err);
		if (r < 0)
			return keg_wrap(err, "parsing signature \"%s/%s\"", dir->path, name);
	}
}

static const struct image_source_ops dir_source_ops = {
	.manifest = dir_manifest,
	.blob = dir_blob,
	.signatures = dir_signatures,
	.free = dir_source_free,
};

static int dir_open_source(const char *rest, const struct image_access *access,
			   struct image_source **out, struct keg_err *err)
{
	(void)access;
	autofd int dirfd = open(rest, O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return keg_fail_sys(err, errno, "open %s/" MANIFEST_FILE, rest);

	struct dir_source *dir = keg_alloc(1, sizeof *dir);
	dir->base.ops = &dir_source_ops;
	dir->base.name = keg_printf("dir:%s", rest);
	dir->dirfd = take_fd(&dirfd);
	dir->path = keg_strdup(rest);
	*out = &dir->base;
	return 0;
}

static int dir_reuse(struct image_dest *dst, const struct image_blob *blob, bool substitute,
		     struct image_blob *have, struct keg_err *err)
{
	struct dir_dest *dir = (struct dir_dest *)dst;

	(void)substitute;
	(void)err;
	int r = image_blob_file_has(dir->dirfd, blob, digest_hex(blob->digest), have);
	if (r > 0)
		blob_folder_add(&dir->files, digest_hex(blob->digest));
	return r;
}

static int dir_put(struct image_dest *dst, const struct image_blob *blob, struct stream_in *from,
		   struct image_blob *put, struct keg_err *err)
{
	struct dir_dest *dir = (struct dir_dest *)dst;

	int r = image_blob_file_put(dir->dirfd, "", blob, from, put, err);
	if (r >= 0)
		blob_folder_add(&dir->files, digest_hex(put->digest));
	return r;
}

static int dir_put_manifest(struct image_dest *dst, const void *bytes, size_t len,
			    const char *media_type, const char *instance, struct keg_err *err)
{
	struct dir_dest *dir = (struct dir_dest *)dst;

	(void)media_type;
	if (!instance) {
		keg_buf_cut(&dir->manifest, 0);
		keg_buf_add(&dir->manifest, bytes, len);
		return 0;
	}
	autofree char *name = manifest_name(instance);
	blob_folder_add(&dir->files, name);
	return keg_file_write(dir->dirfd, name, bytes, len, 0644, 0, err);
}

static char *waiting_name(const char *name)
{
	return keg_printf(".%s.part", name);
}

/* A file that appears under its name when the image is whole. */
static int put_waiting(struct dir_dest *dir, const char *name, const void *bytes, size_t len,
		       struct keg_err *err)
{
	autofree char *temporary = waiting_name(name);

	int r = keg_file_write(dir->dirfd, temporary, bytes, len, 0644, 0, err);
	if (r >= 0)
		keg_strv_add(&dir->waiting, name);
	return r;
}

static int dir_put_signatures(struct image_dest *dst, const struct signatures *sigs,
			      const char *instance, struct keg_err *err)
{
	struct dir_dest *dir = (struct dir_dest *)dst;
	int r = 0;

	for (size_t i = 0; i < sigs->n && r >= 0; i++) {
		autofree char *name = signature_name(instance, i);
		auto(keg_buf) bytes = { 0 };

		signature_emit(&sigs->v[i], &bytes);
		r = put_waiting(dir, name, keg_buf_text(&bytes), bytes.len, err);
	}
	return r;
}

static int show_waiting(struct dir_dest *dir, struct keg_err *err)
{
	for (size_t i = 0; i < dir->waiting.n; i++) {
		const char *name = dir->waiting.v[i];
		autofree char *temporary = waiting_name(name);

		if (renameat(dir->dirfd, temporary, dir->dirfd, name) < 0)
			return keg_fail_sys(err, errno, "rename to %s/%s", dir->path, name);
		blob_folder_add(&dir->files, name);
	}
	return 0;
}

static int dir_commit(struct image_dest *dst, struct keg_err *err)
{
	struct dir_dest *dir = (struct dir_dest *)dst;

	int r = put_waiting(dir, VERSION_FILE, VERSION_TEXT, sizeof VERSION_TEXT - 1, err);
	if (r >= 0)
		r = put_waiting(dir, MANIFEST_FILE, keg_buf_text(&dir->manifest), dir->manifest.len,
				err);
	if (r >= 0)
		r = show_waiting(dir, err);
	if (r >= 0)
		r = blob_folder_remove_others(&dir->files, err);
	if (r >= 0)
		dir->committed = true;
	return r;
}

/* An image that failed. */
static void undo(struct dir_dest *dir)
{
	struct keg_err ignored;

	if (dir->made) {
		(void)!keg_remove_tree(AT_FDCWD, dir->path, &ignored);
		return;
	}
	for (size_t i = 0; i < dir->waiting.n; i++) {
		autofree char *temporary = waiting_name(dir->waiting.v[i]);
		unlinkat(dir->dirfd, temporary, 0);
	}
	blob_folder_undo(&dir->files);
}

static void dir_dest_free(struct image_dest *dst)
{
	struct dir_dest *dir = (struct dir_dest *)dst;

	if (!dir->committed)
		undo(dir);
	close(dir->dirfd);
	blob_folder_done(&dir->files);
	keg_strv_done(&dir->waiting);
	keg_buf_done(&dir->manifest);
	free(dir->path);
	free(dir->base.name);
	free(dir);
}

static const struct image_dest_ops dir_dest_ops = {
	.reuse = dir_reuse,
	.put = dir_put,
	.put_manifest = dir_put_manifest,
	.put_signatures = dir_put_signatures,
	.commit = dir_commit,
	.free = dir_dest_free,
};

static int not_ours(struct keg_err *err)
{
	return keg_fail(err, KEG_EEXISTS,
			"not a containers image directory, don't want to "
			"overwrite important data");
}

/* KEG_EEXISTS unless the folder holds an image or nothing. */
static int check_contents(const struct dir_dest *dir, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;

	if (keg_file_read(dir->dirfd, VERSION_FILE, 64, &text, &ignored) < 0)
		return dir->files.before.n == 0 ? 0 : not_ours(err);
	return keg_str_starts(keg_buf_text(&text), "Directory Transport Version: 1.")
		       ? 0
		       : not_ours(err);
}

static int dir_open_dest(const char *rest, const struct image_access *access,
			 struct image_dest **out, struct keg_err *err)
{
	(void)access;
	bool made = !keg_exists(AT_FDCWD, rest);
	int r = keg_mkdirs(AT_FDCWD, rest, 0755, err);
	if (r < 0)
		return r;

	autofd int dirfd = keg_open_at(AT_FDCWD, rest, O_DIRECTORY, 0, err);
	if (dirfd < 0)
		return dirfd;
	struct dir_dest *dir = keg_alloc(1, sizeof *dir);
	autoptr(image_dest) owned = &dir->base;
	dir->base.ops = &dir_dest_ops;
	dir->base.name = keg_printf("dir:%s", rest);
	dir->base.takes_index = dir->base.takes_schema1 = true;
	dir->made = made;
	dir->dirfd = take_fd(&dirfd);
	dir->path = keg_strdup(rest);
	blob_folder_init(&dir->files, dir->dirfd);
	r = blob_folder_list(&dir->files, err);
	if (r >= 0)
		r = check_contents(dir, err);
	if (r < 0)
		return r;
	*out = take_ptr(&owned);
	return 0;
}

static int dir_check(const char *rest, struct keg_err *err)
{
	(void)rest;
	(void)err;
	return 0;
}

static int dir_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
		      struct keg_err *err)
{
	(void)access;
	(void)err;
	image_scopes_path(rest, out);
	return 0;
}

const struct image_transport image_transport_dir = {
	.name = "dir",
	.check = dir_check,
	.source = dir_open_source,
	.dest = dir_open_dest,
	.scopes = dir_scopes,
};
