/* SPDX-License-Identifier: Apache-2.0 */
/* sync: many images from one place to another, each under the name it has. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "image/manifest_digest.h"
#include "image/sync_sources.h"
#include "image/transfer_parts.h"

/*
 * "dir:" and "docker://" with the destination and what is left of the source's name. A folder
 * that is there already may hold anything: it is not written into.
 */
static int name_dest(const struct transfer_sync *req, const char *suffix, char **out,
		     struct keg_err *err)
{
	bool to_dir = keg_str_eq(req->to, "dir");
	autofree char *joined = keg_path_join(req->dest, req->scoped ? suffix + strspn(suffix, "/")
								     : keg_path_base(suffix));
	autofree char *clean = keg_path_clean(joined);
	autofree char *path =
		keg_printf("%s%s", clean, req->append_suffix ? req->append_suffix : "");
	const struct image_transport *transport;
	const char *rest;

	if (to_dir && keg_exists(AT_FDCWD, path))
		return keg_fail(err, KEG_EEXISTS,
				"Refusing to overwrite destination directory \"%s\"", path);
	autofree char *name = keg_printf("%s%s", to_dir ? "dir:" : "docker://", path);
	int r = image_name_parse(name, &transport, &rest, err);
	if (r < 0)
		return keg_wrap(err,
				"Cannot obtain a valid image reference for transport \"%s\" and "
				"reference \"%s\"",
				req->to, path);
	*out = take_ptr(&name);
	return 0;
}

static int copy_to(const struct transfer_sync *req, const struct sync_source *from,
		   const char *source, const char *dest, struct keg_buf *digests,
		   struct keg_err *err)
{
	const char *folder = keg_str_after(dest, "dir:");
	struct image_copy how = req->how;
	auto(keg_buf) manifest = { 0 };
	autofree char *digest = NULL;
	const struct image_copy_names names = { .source = source,
						.dest = dest,
						.source_access = &from->access,
						.dest_access = req->dest_access,
						.signing = req->signing };
	int r = 0;

	if (folder) {
		autofree char *above = keg_path_dir(folder);
		r = keg_mkdirs(AT_FDCWD, above, 0755, err);
	}
	if (r >= 0)
		r = image_copy_by_name(&names, &how, &manifest, err);
	if (r >= 0)
		r = image_manifest_digest(keg_buf_text(&manifest), manifest.len, &digest, err);
	if (r >= 0)
		keg_buf_printf(digests, "%s %s\n", digest, dest);
	return r;
}

/* Image `i` of a source. 1 copied, 0 it failed and we go on. */
static int sync_one(const struct transfer_sync *req, const struct sync_source *from, size_t i,
		    struct keg_buf *digests, struct keg_err *err)
{
	const char *source = from->names.v[i];
	autofree char *dest = NULL;

	int r = name_dest(req, from->suffixes.v[i], &dest, err);
	if (r < 0)
		return r;
	sync_tell(req, "%s image ref %zu/%zu from=\"%s\" to=\"%s\"",
		  req->dry_run ? "Would have copied" : "Copying", i + 1, from->names.n, source,
		  dest);
	if (req->dry_run)
		return 1;
	r = copy_to(req, from, source, dest, digests, err);
	if (r >= 0)
		return 1;
	keg_wrap(err, "Error copying ref \"%s\"", source);
	if (!req->keep_going)
		return r;
	sync_tell(req, "%s", err->msg);
	return 0;
}

int transfer_sync(const struct transfer_sync *req, struct keg_buf *digests, struct keg_err *err)
{
	auto(sync_sources) sources = { 0 };
	size_t failed = 0, done = 0;

	int r = sync_sources_find(req, &sources, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sources.n; i++) {
		for (size_t k = 0; k < sources.v[i].names.n; k++) {
			r = sync_one(req, &sources.v[i], k, digests, err);
			if (r < 0)
				return r;
			done += r > 0;
			failed += r == 0;
		}
	}
	sync_tell(req, "%s %zu images from %zu sources",
		  req->dry_run ? "Would have synced" : "Synced", done, sources.n);
	if (failed > 0)
		return keg_fail(err, KEG_ENETWORK,
				"Sync failed due to previous reported error(s) for one or more "
				"images");
	return 0;
}
