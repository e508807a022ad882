/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dir:PATH - an image as plain files: manifest.json (or HEX.manifest.json below an index),
 * blobs named by their hex digits, and a file `version`. Meant for looking into.
 *
 * A destination is emptied when it holds an image already and refused when it holds anything
 * else. New blobs are written under temporary names and renamed when they are whole, the
 * manifest last.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/blob_file.h"
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

static const struct image_source_ops dir_source_ops = {
	.manifest = dir_manifest,
	.blob = dir_blob,
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
	return image_blob_file_has(dir->dirfd, blob, digest_hex(blob->digest), have);
}

static int dir_put(struct image_dest *dst, const struct image_blob *blob, struct stream_in *from,
		   struct image_blob *put, struct keg_err *err)
{
	struct dir_dest *dir = (struct dir_dest *)dst;

	return image_blob_file_put(dir->dirfd, "", blob, from, put, err);
}

static int dir_put_manifest(struct image_dest *dst, const void *bytes, size_t len,
			    const char *media_type, const char *instance, struct keg_err *err)
{
	struct dir_dest *dir = (struct dir_dest *)dst;
	autofree char *name = manifest_name(instance);

	(void)media_type;
	return keg_file_write(dir->dirfd, name, bytes, len, 0644, 0, err);
}

static int dir_commit(struct image_dest *dst, struct keg_err *err)
{
	(void)dst;
	(void)err;
	return 0;
}

static void dir_dest_free(struct image_dest *dst)
{
	struct dir_dest *dir = (struct dir_dest *)dst;

	if (dir->dirfd >= 0)
		close(dir->dirfd);
	free(dir->path);
	free(dir->base.name);
	free(dir);
}

static const struct image_dest_ops dir_dest_ops = {
	.reuse = dir_reuse,
	.put = dir_put,
	.put_manifest = dir_put_manifest,
	.commit = dir_commit,
	.free = dir_dest_free,
};

static int not_ours(struct keg_err *err)
{
	return keg_fail(err, KEG_EEXISTS,
			"not a containers image directory, don't want to "
			"overwrite important data");
}

/* 1 when the folder holds an image, 0 when nothing, KEG_EEXISTS when something else. */
static int check_contents(int dirfd, const char *path, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;

	if (keg_file_read(dirfd, VERSION_FILE, 64, &text, &ignored) >= 0) {
		if (!keg_str_starts(keg_buf_text(&text), "Directory Transport Version: 1."))
			return not_ours(err);
		return 1;
	}

	autodir listing = opendir(path);
	if (!listing)
		return keg_fail_sys(err, errno, "open %s", path);
	for (const struct dirent *e; (e = readdir(listing)) != NULL;) {
		if (!keg_str_eq(e->d_name, ".") && !keg_str_eq(e->d_name, ".."))
			return not_ours(err);
	}
	return 0;
}

/* What the image before left: blobs stay for reuse only if the new one names them. */
static int empty_folder(int dirfd, const char *path, struct keg_err *err)
{
	autodir listing = opendir(path);

	if (!listing)
		return keg_fail_sys(err, errno, "open %s", path);
	for (const struct dirent *e; (e = readdir(listing)) != NULL;) {
		if (keg_str_eq(e->d_name, ".") || keg_str_eq(e->d_name, ".."))
			continue;
		int r = keg_remove_tree(dirfd, e->d_name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int dir_open_dest(const char *rest, const struct image_access *access,
			 struct image_dest **out, struct keg_err *err)
{
	(void)access;
	int r = keg_mkdirs(AT_FDCWD, rest, 0755, err);
	if (r < 0)
		return r;

	autofd int dirfd = keg_open_at(AT_FDCWD, rest, O_DIRECTORY, 0, err);
	if (dirfd < 0)
		return dirfd;
	r = check_contents(dirfd, rest, err);
	if (r > 0)
		r = empty_folder(dirfd, rest, err);
	if (r < 0)
		return r;
	r = keg_file_write(dirfd, VERSION_FILE, VERSION_TEXT, sizeof VERSION_TEXT - 1, 0644, 0,
			   err);
	if (r < 0)
		return r;

	struct dir_dest *dir = keg_alloc(1, sizeof *dir);
	dir->base.ops = &dir_dest_ops;
	dir->base.name = keg_printf("dir:%s", rest);
	dir->base.takes_index = true;
	dir->dirfd = take_fd(&dirfd);
	dir->path = keg_strdup(rest);
	*out = &dir->base;
	return 0;
}

static int dir_check(const char *rest, struct keg_err *err)
{
	(void)rest;
	(void)err;
	return 0;
}

static int dir_scopes(const char *rest, struct keg_strv *out, struct keg_err *err)
{
	return image_scopes_path(rest, NULL, out, err);
}

const struct image_transport image_transport_dir = {
	.name = "dir",
	.check = dir_check,
	.source = dir_open_source,
	.dest = dir_open_dest,
	.scopes = dir_scopes,
};
