/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image on a registry, read. Of the mirrors that registries.conf names, the first that has
 * the manifest serves the blobs as well; asking for it is part of opening.
 */
#include "base/log.h"
#include "base/mem.h"
#include "image/docker_signatures.h"
#include "image/docker_transport.h"
#include "registry/blob.h"
#include "registry/blob_cache.h"
#include "registry/manifest.h"

/* More connections bring nothing but load; the peers use as many. */
enum { PARALLEL_BLOBS = 6 };

struct docker_source {
	struct image_source base;
	struct docker_site site;
	struct registry_repo *repo;
	struct blob_cache *cache;
	struct registry_manifest top; /* what the reference names */
	const struct image_access *access;
	char *host, *path; /* of the place that answered */
};

static int docker_manifest(struct image_source *src, const char *instance, struct keg_buf *out,
			   char **media_type, struct keg_err *err)
{
	struct docker_source *docker = (struct docker_source *)src;
	auto(registry_manifest) fetched = { 0 };
	const struct registry_manifest *manifest = &docker->top;

	if (instance && !keg_str_eq(instance, docker->top.digest)) {
		int r = registry_manifest_get(docker->repo, instance, &fetched, err);
		if (r < 0)
			return r;
		manifest = &fetched;
	}
	keg_buf_add(out, keg_buf_text(&manifest->bytes), manifest->bytes.len);
	*media_type = *manifest->media_type ? keg_strdup(manifest->media_type) : NULL;
	return 0;
}

static int hand_on(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct stream_out *to = ctx;

	return to->write(to, bytes, len, err);
}

static int docker_blob(struct image_source *src, const struct image_blob *blob, uint64_t from,
		       struct stream_out *to, struct keg_err *err)
{
	struct docker_source *docker = (struct docker_source *)src;
	const struct registry_blob_want want = { .digest = blob->digest,
						 .size = blob->size,
						 .offset = (int64_t)from };

	int r = registry_blob_get(docker->repo, &want, hand_on, to, err);
	if (r >= 0 && blob->layer != IMAGE_CONFIG_LAYER)
		blob_cache_saw(docker->cache, registry_repo_name(docker->repo), blob->digest);
	return r;
}

static int docker_parts(struct image_source *src, const struct image_blob *blob,
			const struct registry_range *ranges, size_t n, struct stream_out *to,
			struct keg_err *err)
{
	struct docker_source *docker = (struct docker_source *)src;

	return registry_blob_ranges(docker->repo, blob->digest, (uint64_t)blob->size, ranges, n,
				    hand_on, to, err);
}

static int docker_signatures(struct image_source *src, const char *instance, struct signatures *out,
			     struct keg_err *err)
{
	struct docker_source *docker = (struct docker_source *)src;
	const struct docker_signatures at = { .client = docker->site.client,
					      .repo = docker->repo,
					      .access = docker->access,
					      .host = docker->host,
					      .path = docker->path,
					      .tag = docker->site.ref.tag };

	return docker_signatures_read(&at, instance ? instance : docker->top.digest, out, err);
}

static int docker_tags(struct image_source *src, struct keg_strv *out, struct keg_err *err)
{
	return registry_tags(((struct docker_source *)src)->repo, out, err);
}

static void docker_source_free(struct image_source *src)
{
	struct docker_source *docker = (struct docker_source *)src;

	registry_manifest_done(&docker->top);
	if (docker->repo)
		registry_repo_close(docker->repo);
	blob_cache_close(docker->cache);
	docker_site_done(&docker->site);
	free(docker->host);
	free(docker->path);
	free(docker->base.name);
	free(docker->base.repository);
	free(docker->base.reference);
	free(docker->base.pinned);
	free(docker);
}

static const struct image_source_ops docker_source_ops = {
	.manifest = docker_manifest,
	.blob = docker_blob,
	.parts = docker_parts,
	.signatures = docker_signatures,
	.tags = docker_tags,
	.free = docker_source_free,
};

static int try_place(struct docker_source *docker, const struct registry_place *place,
		     struct keg_err *err)
{
	autoptr(registry_repo) repo = NULL;

	int r = registry_repo_open(docker->site.client, place, REGISTRY_PULL, &repo, err);
	if (r >= 0)
		r = registry_manifest_get(repo, docker_site_what(&docker->site), &docker->top, err);
	if (r < 0)
		return r;
	docker->repo = take_ptr(&repo);
	docker->host = keg_strdup(place->host);
	docker->path = keg_strdup(place->path);
	return 0;
}

/* "host/path:tag" of a place. */
static char *place_name(const struct docker_source *docker, const struct registry_place *place)
{
	return keg_printf("%s/%s%c%s", place->host, place->path,
			  docker->site.ref.digest ? '@' : ':', docker_site_what(&docker->site));
}

/* The last place's error, and in it what the mirrors before it said. */
static int try_places(struct docker_source *docker, const struct registry_places *places,
		      struct keg_err *err)
{
	auto(keg_buf) failed = { 0 };
	int r = 0;

	for (size_t i = 0; i < places->n; i++) {
		autofree char *name = place_name(docker, &places->v[i]);

		r = try_place(docker, &places->v[i], err);
		if (r >= 0 || places->n == 1)
			return r;
		keg_debug("accessing \"%s\" failed: %s", name, err->msg);
		keg_wrap(err, "%s", name);
		if (i + 1 < places->n)
			keg_buf_printf(&failed, "%s%s", failed.len ? ", " : "", err->msg);
	}
	return keg_wrap(err, "(Mirrors also failed: [%s])", keg_buf_text(&failed));
}

int docker_source_open(const char *rest, const struct image_access *access,
		       struct image_source **out, struct keg_err *err)
{
	auto(registry_places) places = { 0 };
	struct docker_source *docker = keg_alloc(1, sizeof *docker);
	autoptr(image_source) owned = &docker->base;

	docker->base.ops = &docker_source_ops;
	docker->base.resumable = true;
	docker->access = access;
	docker->base.max_parallel = PARALLEL_BLOBS;
	docker->cache = blob_cache_open();
	int r = docker_site_open(rest, access, &docker->site, err);
	if (r < 0)
		return r;
	const struct reference *ref = &docker->site.ref;
	docker->base.name = docker_site_name(&docker->site);
	docker->base.repository = reference_name(ref);
	docker->base.reference = reference_format(ref);
	docker->base.pinned = keg_strdup(ref->digest);
	r = registry_config_pull_places(docker->site.config, ref->domain, ref->path, ref->digest,
					&places, err);
	if (r >= 0)
		r = try_places(docker, &places, err);
	if (r < 0)
		return r;
	*out = take_ptr(&owned);
	return 0;
}
