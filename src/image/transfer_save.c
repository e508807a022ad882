/* SPDX-License-Identifier: Apache-2.0 */
/* save and push: images of the store to somewhere else. */
#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "image/docker_archive.h"
#include "image/load_names.h"
#include "image/storage_source.h"
#include "image/transfer_parts.h"

static const struct save_format {
	const char *name, *transport, *media_type;
	bool several; /* images in one */
} formats[] = {
	{ "docker-archive", "docker-archive", NULL, true },
	{ "docker-dir", "dir", MEDIA_DOCKER_MANIFEST, false },
	{ "oci-archive", "oci-archive", NULL, false },
	{ "oci-dir", "oci", NULL, false },
};

static const struct save_format *find_format(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(formats); i++) {
		if (keg_str_eq(formats[i].name, name ? name : "docker-archive"))
			return &formats[i];
	}
	return NULL;
}

/* The name that goes along: none for an id. */
static const char *name_of(const char *image)
{
	return store_id_is_valid(image) ? NULL : image;
}

static int name_in_archive(const struct transfer_save *req, size_t i, struct image_dest *dst,
			   struct keg_err *err)
{
	const char *name = name_of(req->images[i]);
	auto(keg_strv) names = { 0 };
	size_t n_tags = i == 0 ? req->n_tags : 0;

	if (name)
		keg_strv_add(&names, name);
	for (size_t k = 0; k < n_tags; k++) {
		char *full;
		int r = image_full_name(req->tags[k], &full, err);

		if (r < 0)
			return r;
		keg_strv_take(&names, full);
	}
	docker_archive_dest_name(dst, (const char *const *)names.v, names.n);
	return 0;
}

static int save_into(const struct transfer_save *req, const struct save_format *format,
		     struct image_dest *dst, struct keg_err *err)
{
	for (size_t i = 0; i < req->n_images; i++) {
		autoptr(image_source) src = NULL;
		const struct image_copy how = {
			.source_access = req->access,
			.format = format->media_type,
			.compress = req->compress,
			/* They are for the manifest that came, and not for layers as they are here.
			 */
			.remove_signatures = true,
			.progress = req->progress,
		};

		int r = storage_source_open(req->images[i], req->access, &src, err);
		if (r < 0)
			return r;
		if (format->several)
			r = name_in_archive(req, i, dst, err);
		if (r >= 0)
			r = image_copy_run(src, dst, &how, NULL, err);
		if (r < 0)
			return r;
	}
	return dst->ops->commit(dst, err);
}

int transfer_save(const struct transfer_save *req, struct keg_err *err)
{
	const struct save_format *format = find_format(req->format);
	const struct image_transport *transport;
	const char *rest;
	autoptr(image_dest) dst = NULL;

	if (!format)
		return keg_fail(err, KEG_EUSAGE, "unknown format \"%s\"", req->format);
	if (req->n_images != 1 && !format->several)
		return keg_fail(err, KEG_EUSAGE, "format %s holds one image, not %zu", format->name,
				req->n_images);
	const char *name = req->n_images > 0 ? name_of(req->images[0]) : NULL;
	bool tagged = name && keg_str_starts(format->transport, "oci");
	autofree char *dest = keg_printf("%s:%s%s%s", format->transport, req->path,
					 tagged ? ":" : "", tagged ? name : "");

	int r = image_name_parse(dest, &transport, &rest, err);
	if (r >= 0)
		r = transport->dest(rest, req->access, &dst, err);
	return r < 0 ? r : save_into(req, format, dst, err);
}

int transfer_push(const struct transfer_push *req, struct keg_err *err)
{
	auto(keg_buf) manifest = { 0 };
	autofree char *source = keg_printf("containers-storage:%s", req->image);
	autofree char *dest = image_name_or_docker(req->dest);
	struct image_access here = *req->access;
	const struct image_copy_names names = {
		.source = source,
		.dest = dest,
		.source_access = &here,
		.dest_access = req->access,
		.signing = req->signing,
	};
	struct image_copy how = req->how;

	/* What is in the store was asked about when it came. */
	here.insecure_policy = true;

	int r = image_copy_by_name(&names, &how, &manifest, err);
	if (r < 0)
		return r;
	if (req->digest) {
		char hex[KEG_SHA256_HEX + 1];

		keg_sha256_hex(manifest.data, manifest.len, hex);
		*req->digest = keg_printf("sha256:%s", hex);
	}
	return 0;
}
