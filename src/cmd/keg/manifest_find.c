/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/manifest_find.h"

#include <stdio.h>
#include <string.h>

#include "engine/image_find.h"

const struct cli_opt manifest_change_opts[] = {
	OPT_STRINGS(0, "annotation", struct manifest_change_args, annotations, "KEY=VALUE",
		    "Set an annotation"),
	OPT_STRING(0, "arch", struct manifest_change_args, arch, "ARCH",
		   "Override the architecture of the entry"),
	OPT_LIST(0, "features", struct manifest_change_args, features, "FEATURE",
		 "Override the processor's features of the entry"),
	OPT_STRING(0, "os", struct manifest_change_args, os, "OS", "Override the OS of the entry"),
	OPT_LIST(0, "os-features", struct manifest_change_args, os_features, "FEATURE",
		 "Override the OS features of the entry"),
	OPT_STRING(0, "os-version", struct manifest_change_args, os_version, "VERSION",
		   "Override the OS version of the entry"),
	OPT_STRING(0, "variant", struct manifest_change_args, variant, "VARIANT",
		   "Override the architecture's variant of the entry"),
	OPT_END,
};

struct transfer_list_change manifest_change(const struct manifest_change_args *args)
{
	return (struct transfer_list_change){
		.os = args->os,
		.arch = args->arch,
		.variant = args->variant,
		.os_version = args->os_version,
		.os_features = (const char *const *)args->os_features.v,
		.n_os_features = args->os_features.n,
		.features = (const char *const *)args->features.v,
		.n_features = args->features.n,
		.annotations = (const char *const *)args->annotations.v,
		.n_annotations = args->annotations.n,
	};
}

int manifest_list_find(struct engine *engine, const char *text, struct store_image *out,
		       struct keg_buf *bytes, struct keg_err *err)
{
	auto(keg_buf) manifest = { 0 };
	struct manifest_doc doc;
	struct store *store;
	int r = engine_store(engine, &store, err);

	if (r >= 0)
		r = image_find(store, text, &engine->arena, out, NULL, err);
	if (r >= 0)
		r = store_image_data(store, out, "manifest", MANIFEST_BYTES_MAX, &manifest, err);
	if (r >= 0)
		r = manifest_parse(manifest.data, manifest.len, NULL, &engine->arena, &doc, err);
	if (r < 0)
		return r;
	if (!manifest_kind_is_index(doc.kind))
		return keg_fail(err, KEG_EUSAGE, "%s: image is not a manifest list", text);
	if (bytes)
		keg_buf_add(bytes, manifest.data, manifest.len);
	return 0;
}

/* "oci:x" and "docker://x" name a place; "debian:12" does not. */
static bool names_a_place(const char *text)
{
	static const char *const transports[] = {
		"containers-storage:", "dir:", "docker-archive:", "docker-daemon:",
		"docker://",	       "oci:", "oci-archive:",
	};

	for (size_t i = 0; i < KEG_COUNT(transports); i++) {
		if (strncmp(text, transports[i], strlen(transports[i])) == 0)
			return true;
	}
	return false;
}

int manifest_member_name(struct engine *engine, const char *text, struct keg_strv *out,
			 struct keg_err *err)
{
	struct store_image image;
	struct store *store;

	if (names_a_place(text)) {
		keg_strv_add(out, text);
		return 0;
	}
	int r = engine_store(engine, &store, err);
	if (r >= 0)
		r = image_find(store, text, &engine->arena, &image, NULL, err);
	if (r >= 0)
		keg_strv_addf(out, "containers-storage:@%s", image.id);
	else if (r == -KEG_ENOTFOUND)
		keg_strv_add(out, text);
	else
		return r;
	return 0;
}

int manifest_edit(const struct transfer_list_edit *req, struct keg_err *err)
{
	const struct transfer_table *transfer;
	autofree char *id = NULL;
	int r = transfer_open(&transfer, err);

	if (r >= 0)
		r = transfer->list_edit(req, &id, err);
	if (r >= 0)
		printf("%s\n", id);
	return r;
}
