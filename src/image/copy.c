/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy.h"

#include <string.h>

#include "base/mem.h"
#include "image/copy_image.h"
#include "image/copy_schema1.h"
#include "image/copy_sign.h"
#include "image/digest_of.h"
#include "image/policy.h"

struct index_copy {
	const struct copy_image *what; /* for each of its images */
	struct keg_arena *arena;
	struct manifest_index index;
	enum manifest_kind kind; /* as it will be written */
	const char *fixed;	 /* why it may not be changed, or NULL */
	bool changed;
};

static void wanted_platform(const struct image_access *access, struct platform *out)
{
	platform_host(out);
	if (!access)
		return;
	/* The machine's variant belongs to the machine's architecture. */
	if (access->arch)
		out->variant = NULL;
	if (access->os)
		out->os = access->os;
	if (access->arch)
		out->architecture = access->arch;
	if (access->variant)
		out->variant = access->variant;
	platform_normalize(out);
}

const char *image_pick_instance(const struct manifest_doc *doc, const struct image_access *access,
				struct keg_err *err)
{
	struct platform want;

	wanted_platform(access, &want);
	const struct descriptor *found = manifest_index_pick(&doc->index, &want);
	if (found)
		return found->digest;
	keg_fail(err, KEG_ENOTFOUND,
		 "no image found in %s for architecture %s, variant \"%s\", OS %s",
		 doc->kind == MANIFEST_DOCKER_LIST ? "manifest list" : "image index",
		 want.architecture, want.variant ? want.variant : "", want.os);
	return NULL;
}

/* From an index one image: the index itself goes to those destinations that keep it. */
static int copy_chosen(const struct copy_image *what, const struct manifest_doc *doc,
		       const struct keg_buf *index, struct keg_buf *written, struct keg_err *err)
{
	struct copy_image one = *what;
	auto(keg_buf) bytes = { 0 };
	const char *written_type;

	one.instance = image_pick_instance(doc, what->how->source_access, err);
	if (!one.instance)
		return keg_wrap(err, "choosing an image from manifest list %s", what->src->name);
	autofree char *type = NULL;
	int r = image_source_manifest(what->src, one.instance, &bytes, &type, err);
	if (r >= 0 && what->dst->ops->toplevel)
		r = what->dst->ops->toplevel(what->dst, index->data, index->len, err);
	if (r < 0)
		return r;
	return copy_image_run(&one, &bytes, type, written, &written_type, err);
}

static int copy_instance(struct index_copy *all, size_t i, struct keg_err *err)
{
	struct descriptor *entry = &all->index.manifests[i];
	struct copy_image one = *all->what;
	auto(keg_buf) bytes = { 0 }, written = { 0 };
	autofree char *type = NULL;
	const char *written_type;
	char digest[DIGEST_SHA256_LEN + 1];

	image_report_text(one.reporter, "Copying image %s (%zu/%zu)", entry->digest, i + 1,
			  all->index.n_manifests);
	one.instance = entry->digest;
	one.below_index = true;
	int r = image_source_manifest(one.src, entry->digest, &bytes, &type, err);
	if (r >= 0)
		r = copy_image_run(&one, &bytes, type ? type : entry->media_type, &written,
				   &written_type, err);
	if (r < 0)
		return r;

	image_digest_of(digest, written.data, written.len);
	if (keg_str_eq(digest, entry->digest))
		return 0;
	if (all->fixed)
		return keg_fail(err, KEG_EUSAGE,
				"Manifest list was edited, but we cannot modify it: \"%s\"",
				all->fixed);
	all->changed = true;
	entry->digest = keg_arena_strdup(all->arena, digest);
	entry->size = (int64_t)written.len;
	entry->media_type = written_type;
	return 0;
}

static int choose_index_kind(struct index_copy *all, enum manifest_kind has, struct keg_err *err)
{
	const struct image_copy *how = all->what->how;
	enum manifest_kind images =
		how->format ? manifest_kind_of_media(how->format) : MANIFEST_UNKNOWN;

	all->kind = images == MANIFEST_DOCKER ? MANIFEST_DOCKER_LIST
		    : images == MANIFEST_OCI  ? MANIFEST_OCI_INDEX
					      : has;
	if (all->kind == has)
		return 0;
	if (all->fixed)
		return keg_fail(err, KEG_EUSAGE,
				"Manifest list must be converted to type \"%s\" to be written to "
				"destination, but we cannot modify it: \"%s\"",
				manifest_kind_media(all->kind), all->fixed);
	all->changed = true;
	return 0;
}

static int write_index(struct index_copy *all, const struct keg_buf *bytes, struct signatures *sigs,
		       struct keg_buf *written, struct keg_err *err)
{
	struct image_dest *dst = all->what->dst;
	const char *type = manifest_kind_media(all->kind);
	size_t start = written->len;

	if (all->changed) {
		all->index.media_type = type;
		manifest_index_emit(&all->index, written);
	} else {
		keg_buf_add(written, bytes->data, bytes->len);
	}
	image_report_text(all->what->reporter, "Writing manifest list to image destination");
	int r = dst->ops->put_manifest(dst, written->data + start, written->len - start, type, NULL,
				       err);
	if (r < 0)
		return r;
	image_report_text(all->what->reporter, "Storing list signatures");
	return copy_sign_put(all->what, sigs, written->data + start, written->len - start, NULL,
			     err);
}

static int copy_index(const struct copy_image *what, const struct manifest_doc *doc,
		      struct keg_arena *arena, const struct keg_buf *bytes, struct keg_buf *written,
		      struct keg_err *err)
{
	struct index_copy all = { .what = what, .arena = arena, .index = doc->index };
	auto(signatures) sigs = { 0 };
	bool only_index = what->how->which == IMAGE_COPY_INDEX_ONLY;

	if (!what->dst->takes_index)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"copying multiple images: destination transport \"%.*s\" does not "
				"support copying multiple images as a group",
				(int)strcspn(what->dst->name, ":"), what->dst->name);
	image_report_text(what->reporter, "Getting image list signatures");
	int r = copy_sign_check(what, bytes, &sigs, err);
	if (r < 0)
		return r;
	all.fixed = copy_sign_fixed(what->how, &sigs);
	r = choose_index_kind(&all, doc->kind, err);
	if (r < 0)
		return r;
	image_report_text(what->reporter, "Copying %zu of %zu images in list",
			  only_index ? 0 : all.index.n_manifests, all.index.n_manifests);
	for (size_t i = 0; i < all.index.n_manifests && !only_index; i++) {
		r = copy_instance(&all, i, err);
		if (r < 0)
			return keg_wrap(err, "copying image %zu/%zu from manifest list", i + 1,
					all.index.n_manifests);
	}
	return write_index(&all, bytes, &sigs, written, err);
}

int image_copy_run(struct image_source *src, struct image_dest *dst, const struct image_copy *how,
		   struct keg_buf *manifest, struct keg_err *err)
{
	auto(image_reporter) reporter = { 0 };
	auto(copy_crypt) crypt = { 0 };
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) bytes = { 0 }, written = { 0 };
	autofree char *type = NULL;
	const char *written_type;
	struct manifest_doc doc = { 0 };

	image_reporter_init(&reporter, &how->progress);
	const struct copy_image what = {
		.src = src, .dst = dst, .how = how, .reporter = &reporter, .crypt = &crypt
	};
	reporter.sees_reads = src->resumable || !dst->remote;
	dst->origin = src->resumable ? src->repository : NULL;
	int r = copy_crypt_load(how, &crypt, err);
	if (r >= 0)
		r = image_source_manifest(src, NULL, &bytes, &type, err);
	if (r < 0)
		return r;
	bool schema1 = manifest_kind_of(bytes.data, bytes.len, type) == MANIFEST_DOCKER_SCHEMA1;
	r = schema1 ? 0 : manifest_parse(bytes.data, bytes.len, type, &arena, &doc, err);
	if (r < 0)
		return keg_wrap(err, "parsing manifest of %s", src->name);

	if (schema1)
		r = copy_schema1_run(&what, &bytes, &written, &written_type, err);
	else if (manifest_kind_is_image(doc.kind))
		r = copy_image_run(&what, &bytes, type, &written, &written_type, err);
	else if (how->which == IMAGE_COPY_SYSTEM)
		r = copy_chosen(&what, &doc, &bytes, &written, err);
	else
		r = copy_index(&what, &doc, &arena, &bytes, &written, err);
	if (r < 0)
		return r;
	image_report_summary(&reporter);
	if (manifest)
		keg_buf_add(manifest, written.data, written.len);
	return r;
}

static int copy_once(const struct image_copy_names *names, const struct image_copy *how_told,
		     struct keg_buf *manifest, struct keg_err *err)
{
	struct image_copy how = *how_told;
	autoptr(image_policy) policy = NULL;
	const struct image_transport *from, *to;
	const char *source, *dest;
	autoptr(image_source) src = NULL;
	autoptr(image_dest) dst = NULL;

	int r = image_name_parse(names->source, &from, &source, err);
	if (r < 0)
		return keg_wrap(err, "Invalid source name %s", names->source);
	r = image_name_parse(names->dest, &to, &dest, err);
	if (r < 0)
		return keg_wrap(err, "Invalid destination name %s", names->dest);
	r = image_policy_open(names->source_access, from, source, &policy, err);
	if (r < 0)
		return r;
	how.policy = policy;
	r = to->dest(dest, names->dest_access, &dst, err);
	if (r < 0)
		return keg_wrap(err, "initializing destination %s", names->dest);
	r = from->source(source, names->source_access, &src, err);
	if (r < 0)
		return keg_wrap(err, "initializing source %s", names->source);
	src->deadline_ns = names->source_access->deadline_ns;
	r = image_copy_run(src, dst, &how, manifest, err);
	return r < 0 ? r : dst->ops->commit(dst, err);
}

int image_copy_by_name(const struct image_copy_names *names, struct image_copy *how,
		       struct keg_buf *manifest, struct keg_err *err)
{
	autoptr(image_signer) signer = NULL;

	int r = image_signer_open(&names->signing, &signer, err);
	if (r < 0)
		return r;
	how->source_access = names->source_access;
	how->signer = signer;

	unsigned tries = 0;
	do {
		auto(keg_buf) written = { 0 };

		r = copy_once(names, how, &written, err);
		if (r >= 0 && manifest)
			keg_buf_add(manifest, written.data, written.len);
	} while (image_try_again(names->source_access, r, &tries));
	how->signer = NULL;
	return r;
}
