/* SPDX-License-Identifier: Apache-2.0 */
/* pull: from a name as the user types it to images in the store. */
#include <string.h>

#include "base/mem.h"
#include "image/digest_of.h"
#include "image/docker_transport.h"
#include "image/into_store.h"
#include "image/load_names.h"
#include "image/reporter.h"
#include "image/storage_ref.h"
#include "image/transfer_parts.h"
#include "registry/short_names.h"

static void say(const struct transfer_pull *req, const char *before, const char *what,
		const char *after)
{
	auto(image_reporter) reporter;

	image_reporter_init(&reporter, &req->progress);
	image_report_text(&reporter, "%s%s%s", before, what, after);
}

/* "docker:dind" is an image; "docker://x" and "oci:path" name transports. */
static bool names_a_transport(const char *name)
{
	const struct image_transport *transport;
	const char *rest;
	struct keg_err ignored;

	return image_name_parse(name, &transport, &rest, &ignored) >= 0;
}

/* Is what the registry has now the image that is here? */
static int is_current(const struct transfer_pull *req, const char *source, bool *same,
		      struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	autoptr(image_source) src = NULL;
	autoptr(store) store = NULL;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) manifest = { 0 };
	struct store_image image;
	char digest[DIGEST_SHA256_LEN + 1];

	*same = false;
	int r = image_name_parse(source, &transport, &rest, err);
	if (r >= 0)
		r = transport->source(rest, req->access, &src, err);
	if (r >= 0)
		r = image_source_manifest(src, NULL, &manifest, NULL, err);
	if (r >= 0)
		r = storage_ref_open(&(struct storage_ref){ 0 }, req->access, &store, err);
	if (r >= 0)
		r = store_image_find(store, req->local_id, &arena, &image, err);
	if (r < 0)
		return r;
	image_digest_of(digest, manifest.data, manifest.len);
	for (size_t i = 0; i < image.n_digests && !*same; i++)
		*same = keg_str_eq(image.digests[i], digest);
	return 0;
}

/* `reference` is full: "host/path[:tag][@digest]". */
static int pull_reference(const struct transfer_pull *req, const char *reference,
			  struct keg_strv *ids, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	int r = reference_parse_normalized(reference, &ref, err);
	if (r < 0)
		return r;
	reference_add_latest(&ref);
	autofree char *full = reference_format(&ref);
	if (ref.tag && ref.digest)
		reference_set_tag(&ref, NULL);
	autofree char *name = reference_format(&ref);
	autofree char *source = keg_printf("docker://%s", name);

	if (req->policy == TRANSFER_PULL_NEWER && req->local_id) {
		bool same;

		r = is_current(req, source, &same, err);
		if (r < 0 || same) {
			keg_strv_add(ids, req->local_id);
			return 0;
		}
	}
	const char *names[] = { name };
	const struct into_store how = {
		.access = req->access,
		.names = names,
		.n_names = 1,
		.progress = req->progress,
	};
	say(req, "Trying to pull ", full, "...");
	return into_store_by_name(&how, source, ids, err);
}

/* Every registry that a short name may mean, until one has it. */
static int pull_candidates(const struct transfer_pull *req, const struct registry_candidates *found,
			   struct keg_strv *ids, struct keg_err *err)
{
	auto(keg_buf) failures = { 0 };
	int r = 0;

	if (found->note)
		say(req, "", found->note, "");
	for (size_t i = 0; i < found->names.n; i++) {
		r = pull_reference(req, found->names.v[i], ids, err);
		if (r >= 0) {
			struct keg_err ignored;

			if (found->record)
				(void)!registry_short_name_record(found->record, found->names.v[i],
								  &ignored);
			return r;
		}
		keg_buf_printf(&failures, "%s%s", failures.len ? "; " : "", err->msg);
	}
	if (found->names.n > 1)
		return keg_fail(err, err->code, "%zu errors occurred while pulling: %s",
				found->names.n, keg_buf_text(&failures));
	return r;
}

static int resolve(const struct transfer_pull *req, struct registry_candidates *out,
		   struct keg_err *err)
{
	autoptr(registry_config) config = NULL;

	int r = registry_config_load(req->access->registries_conf, req->access->registries_conf_dir,
				     &config, err);
	return r < 0 ? r
		     : registry_short_name_resolve(config, req->name, req->choose, req->choose_ctx,
						   out, err);
}

static int pull_all_tags(const struct transfer_pull *req, struct keg_strv *ids, struct keg_err *err)
{
	auto(registry_candidates) found = { 0 };
	auto(reference) ref = { 0 };
	auto(keg_strv) tags = { 0 };

	const char *name = keg_str_after(req->name, "docker://");
	struct transfer_pull plain = *req;
	plain.name = name ? name : req->name;
	int r = resolve(&plain, &found, err);
	if (r >= 0)
		r = reference_parse_normalized(found.names.v[0], &ref, err);
	if (r < 0)
		return r;
	reference_set_tag(&ref, NULL);
	autofree char *repository = NULL, *name_only = reference_name(&ref);
	autofree char *rest = keg_printf("//%s", name_only);
	r = image_docker_tags(rest, req->access, &repository, &tags, err);
	for (size_t i = 0; i < tags.n && r >= 0; i++) {
		autofree char *one = keg_printf("%s:%s", repository, tags.v[i]);
		r = pull_reference(req, one, ids, err);
	}
	return r;
}

int transfer_pull(const struct transfer_pull *req, struct keg_strv *ids, struct keg_err *err)
{
	auto(registry_candidates) found = { 0 };

	if (req->policy == TRANSFER_PULL_NEVER && !req->local_id)
		return keg_fail(err, KEG_ENOTFOUND, "%s: image not known", req->name);
	if (req->local_id &&
	    (req->policy == TRANSFER_PULL_NEVER || req->policy == TRANSFER_PULL_MISSING)) {
		keg_strv_add(ids, req->local_id);
		return 0;
	}
	if (req->all_tags)
		return pull_all_tags(req, ids, err);
	if (names_a_transport(req->name)) {
		const char *reference = keg_str_after(req->name, "docker://");

		return reference
			       ? pull_reference(req, reference, ids, err)
			       : load_named(req->name, req->access, &req->progress, ids, NULL, err);
	}
	int r = resolve(req, &found, err);
	return r < 0 ? r : pull_candidates(req, &found, ids, err);
}
