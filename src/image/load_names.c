/* SPDX-License-Identifier: Apache-2.0 */
#include "image/load_names.h"

#include "base/mem.h"
#include "image/docker_archive.h"
#include "image/into_store.h"
#include "image/oci_layout.h"

struct loading {
	const char *source;
	const struct image_access *access;
	const struct image_progress *progress;
	struct keg_strv *ids, *names;
};

int image_full_name(const char *text, char **out, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	int r = reference_parse(text, &ref, err);
	if (r < 0)
		return r;
	if (reference_is_short(&ref))
		reference_set_domain(&ref, "localhost");
	reference_normalize(&ref);
	reference_add_latest(&ref);
	*out = reference_format(&ref);
	return 0;
}

static int load_one(const struct loading *l, const char *source, const struct keg_strv *texts,
		    struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	auto(keg_strv) ids = { 0 };

	for (size_t i = 0; i < texts->n; i++) {
		char *name;
		int r = image_full_name(texts->v[i], &name, err);
		if (r < 0)
			return keg_wrap(err, "%s", source);
		keg_strv_take(&names, name);
	}
	const struct into_store how = {
		.access = l->access,
		.names = (const char *const *)names.v,
		.n_names = names.n,
		.progress = *l->progress,
	};
	int r = into_store_by_name(&how, source, &ids, err);
	if (r < 0)
		return r;
	keg_strv_extend(l->ids, (const char *const *)ids.v, ids.n);
	if (l->names && names.n == 0)
		keg_strv_addf(l->names, "sha256:%s", ids.v[0]);
	if (l->names)
		keg_strv_extend(l->names, (const char *const *)names.v, names.n);
	return 0;
}

static int load_docker_archive(const struct loading *l, const char *rest, struct keg_err *err)
{
	auto(docker_archive_ref) ref = { 0 };
	auto(keg_arena) arena = { 0 };
	autoptr(archive_index) index = NULL;
	struct docker_archive list;

	int r = docker_archive_ref_parse(rest, &ref, err);
	if (r < 0)
		return r;
	if (ref.named) {
		auto(keg_strv) name = { 0 };
		keg_strv_take(&name, reference_format(&ref.ref));
		return load_one(l, l->source, &name, err);
	}
	r = archive_index_open(ref.path, l->access->tmpdir, &index, err);
	if (r >= 0)
		r = docker_archive_list(index, &arena, &list, err);
	for (size_t i = 0; r >= 0 && i < list.n_items; i++) {
		auto(keg_strv) tags = { 0 };
		autofree char *source = keg_printf("docker-archive:%s:@%zu", ref.path, i);

		if (ref.index >= 0 && (uint64_t)ref.index != i)
			continue;
		keg_strv_extend(&tags, list.items[i].repo_tags, list.items[i].n_repo_tags);
		r = load_one(l, source, &tags, err);
	}
	return r;
}

/* What the index of an archive calls its only image. */
static int name_in_archive(const struct loading *l, const char *path, struct keg_strv *out,
			   struct keg_err *err)
{
	autoptr(archive_index) index = NULL;
	auto(keg_buf) text = { 0 };
	auto(keg_arena) arena = { 0 };
	struct manifest_index images;

	int r = archive_index_open(path, l->access->tmpdir, &index, err);
	if (r >= 0)
		r = archive_index_read(index, OCI_INDEX_FILE, MANIFEST_BYTES_MAX, &text, err);
	if (r >= 0)
		r = oci_index_parse(&text, OCI_INDEX_FILE, &arena, &images, err);
	if (r < 0)
		return r;
	const char *name = images.n_manifests == 1 ? oci_ref_name(&images.manifests[0]) : "";
	if (*name)
		keg_strv_add(out, name);
	return 0;
}

static int load_oci(const struct loading *l, const char *rest, bool archive, struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;
	auto(keg_strv) names = { 0 };

	int r = oci_layout_split(rest, &path, &ref, err);
	if (r < 0)
		return r;
	if (*ref)
		keg_strv_add(&names, ref);
	else if (archive)
		r = name_in_archive(l, path, &names, err);
	return r < 0 ? r : load_one(l, l->source, &names, err);
}

int load_named(const char *source, const struct image_access *access,
	       const struct image_progress *progress, struct keg_strv *ids, struct keg_strv *names,
	       struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	const struct loading l = {
		.source = source, .access = access, .progress = progress, .ids = ids, .names = names
	};

	int r = image_name_parse(source, &transport, &rest, err);
	if (r < 0)
		return r;
	if (transport == &image_transport_docker_archive)
		return load_docker_archive(&l, rest, err);
	if (transport == &image_transport_oci || transport == &image_transport_oci_archive)
		return load_oci(&l, rest, transport == &image_transport_oci_archive, err);
	return load_one(&l, source, &(struct keg_strv){ 0 }, err);
}
