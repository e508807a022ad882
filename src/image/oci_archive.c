/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci-archive:PATH[:REFERENCE] - an OCI layout in a tar. Read in place by its index; written as
 * a folder first, since the sizes of blobs are not known before they were compressed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/layer_diff.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/archive_file.h"
#include "image/archive_index.h"
#include "image/oci_layout.h"
#include "image/scopes.h"
#include "image/spill.h"

static int archive_read(void *ctx, const char *name, size_t most, struct keg_buf *out,
			struct keg_err *err)
{
	return archive_index_read(ctx, name, most, out, err);
}

static int archive_send(void *ctx, const char *name, uint64_t from, struct stream_out *to,
			struct keg_err *err)
{
	const struct archive_member *member = archive_index_find(ctx, name);

	if (from != 0)
		keg_bug("an archive is no resumable source");
	if (!member)
		return keg_fail(err, KEG_ENOTFOUND, "the archive has no file \"%s\"", name);
	autoptr(stream_in) in = archive_index_stream(ctx, member);
	int64_t n = stream_copy(in, to, err);
	return n < 0 ? (int)n : 0;
}

static void archive_close(void *ctx)
{
	archive_index_close(ctx);
}

static int archive_source(const char *rest, const struct image_access *access,
			  struct image_source **out, struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;
	struct archive_index *index;

	int r = oci_layout_split(rest, &path, &ref, err);
	if (r >= 0)
		r = archive_index_open(path, access->tmpdir, &index, err);
	if (r < 0)
		return r;
	const struct oci_files files = {
		.read = archive_read, .send = archive_send, .close = archive_close, .ctx = index
	};
	autofree char *name = keg_printf("oci-archive:%s:%s", path, ref);
	return oci_layout_source_of(name, ref, &files, out, err);
}

/* Hands everything to the layout in a temporary folder, and packs that at the end. */
struct archive_dest {
	struct image_dest base;
	struct image_dest *layout;
	char *path, *folder;
};

static int dest_reuse(struct image_dest *dest, const struct image_blob *blob, bool substitute,
		      struct image_blob *have, struct keg_err *err)
{
	struct image_dest *layout = ((struct archive_dest *)dest)->layout;

	return layout->ops->reuse(layout, blob, substitute, have, err);
}

static int dest_put(struct image_dest *dest, const struct image_blob *blob, struct stream_in *from,
		    struct image_blob *put, struct keg_err *err)
{
	struct image_dest *layout = ((struct archive_dest *)dest)->layout;

	return layout->ops->put(layout, blob, from, put, err);
}

static int dest_put_manifest(struct image_dest *dest, const void *bytes, size_t len,
			     const char *media_type, const char *instance, struct keg_err *err)
{
	struct image_dest *layout = ((struct archive_dest *)dest)->layout;

	return layout->ops->put_manifest(layout, bytes, len, media_type, instance, err);
}

static int dest_commit(struct image_dest *dest, struct keg_err *err)
{
	struct archive_dest *dst = (struct archive_dest *)dest;
	autoptr(archive_file) file = NULL;

	int r = dst->layout->ops->commit(dst->layout, err);
	if (r < 0)
		return r;
	autofd int folder = keg_open_at(AT_FDCWD, dst->folder, O_DIRECTORY, 0, err);
	if (folder < 0)
		return folder;
	r = archive_file_new(dst->path, &file, err);
	if (r < 0)
		return r;
	struct stream_out *out = archive_file_stream(file);
	r = layer_diff(folder, &(struct layer_diff_options){ 0 }, out, err);
	return r < 0 ? r : archive_file_commit(file, err);
}

static void dest_free(struct image_dest *dest)
{
	struct archive_dest *dst = (struct archive_dest *)dest;
	struct keg_err ignored;

	if (dst->layout)
		image_dest_free(dst->layout);
	if (dst->folder)
		(void)!keg_remove_tree(AT_FDCWD, dst->folder, &ignored);
	free(dst->folder);
	free(dst->path);
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

static int archive_dest(const char *rest, const struct image_access *access,
			struct image_dest **out, struct keg_err *err)
{
	struct archive_dest *dst = keg_alloc(1, sizeof *dst);
	autofree char *ref = NULL;

	dst->base.ops = &dest_ops;
	autoptr(image_dest) owned = &dst->base;
	int r = oci_layout_split(rest, &dst->path, &ref, err);
	if (r >= 0)
		r = archive_file_check(dst->path, "oci-archive", err);
	if (r < 0)
		return r;

	r = image_tmp_folder(access->tmpdir, "oci", &dst->folder, err);
	if (r < 0)
		return r;
	autofree char *name = keg_printf("oci-archive:%s:%s", dst->path, ref);
	r = oci_layout_dest(&(struct oci_layout){ .name = name, .dir = dst->folder, .ref = ref },
			    access->oci_accept_uncompressed, &dst->layout, err);
	if (r < 0)
		return r;
	dst->base = *dst->layout;
	dst->base.ops = &dest_ops;
	dst->base.name = take_ptr(&name);
	*out = take_ptr(&owned);
	return 0;
}

static int archive_check(const char *rest, struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;

	return oci_layout_split(rest, &path, &ref, err);
}

static int archive_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
			  struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;
	int r = oci_layout_split(rest, &path, &ref, err);

	(void)access;
	if (r >= 0)
		image_scopes_path(path, out);
	return r;
}

const struct image_transport image_transport_oci_archive = {
	.name = "oci-archive",
	.check = archive_check,
	.source = archive_source,
	.dest = archive_dest,
	.scopes = archive_scopes,
};
