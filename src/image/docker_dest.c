/* SPDX-License-Identifier: Apache-2.0 */
/* An image on a registry, written. What is visible there changes with the manifest alone. */
#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/docker_signatures.h"
#include "image/docker_transport.h"
#include "image/manifest_digest.h"
#include "image/spill.h"
#include "registry/blob.h"
#include "registry/blob_cache.h"
#include "registry/manifest.h"
#include "registry/referrers.h"
#include "registry/upload.h"
#include "registry/upload_window.h"

enum {
	PARALLEL_UPLOADS = 6,
	MOUNT_TRIES = 3,  /* of repositories that had the blob once */
	PACKED_TRIES = 4, /* of blobs that a plain layer became before */
};

struct docker_dest {
	struct image_dest base;
	struct docker_site site;
	struct registry_repo *repo;
	const struct image_access *access;
	char *digest; /* of the manifest that the reference names, once it was put */
	struct blob_cache *cache;
};

/* Counts and hashes what passes to the registry. */
struct upload_tap {
	struct stream_in *from;
	struct keg_sha256 sum;
	int64_t count;
	bool hash;
};

/* Is it in the repository? 1 and *have. */
static int find_here(struct docker_dest *docker, const struct image_blob *blob,
		     struct image_blob *have, struct keg_err *err)
{
	int64_t size = -1;

	int r = registry_blob_stat(docker->repo, blob->digest, &size, err);
	if (r <= 0)
		return r;
	*have = *blob;
	if (size >= 0)
		have->size = size;
	blob_cache_saw(docker->cache, registry_repo_name(docker->repo), blob->digest);
	return 1;
}

/* The path of `repository` ("host/path") where it is on our registry, else NULL. */
static const char *path_here(const struct docker_dest *docker, const char *repository)
{
	const char *rest = repository ? keg_str_after(repository, docker->site.ref.domain) : NULL;

	return rest && *rest == '/' ? rest + 1 : NULL;
}

/*
 * Link the blob from another repository of the registry that has it. One that may not be read, or
 * has it no more, is no failure: then the blob is sent.
 */
static int mount_from_others(struct docker_dest *docker, const struct image_blob *blob)
{
	const char *origin = path_here(docker, docker->base.origin);
	auto(keg_strv) from = { 0 };
	struct keg_err err;

	if (origin)
		keg_strv_add(&from, origin);
	blob_cache_find_repos(docker->cache, docker->site.ref.domain, blob->digest, MOUNT_TRIES,
			      &from);
	for (size_t i = 0; i < from.n && i < MOUNT_TRIES; i++) {
		if (keg_str_eq(from.v[i], docker->site.ref.path))
			continue;
		int r = registry_blob_mount(docker->repo, blob->digest, from.v[i], &err);
		if (r == 0)
			keg_debug("%s is not mounted from %s", blob->digest, from.v[i]);
		else if (r < 0)
			keg_debug("%s", err.msg);
		else
			return 1;
	}
	return 0;
}

static int find_blob(struct docker_dest *docker, const struct image_blob *blob,
		     struct image_blob *have, struct keg_err *err)
{
	int r = find_here(docker, blob, have, err);

	if (r != 0 || !mount_from_others(docker, blob))
		return r;
	/* Asked, as a registry may say yes to what it does not do; and for its size. */
	return find_here(docker, blob, have, err);
}

static int find_packed_as(struct docker_dest *docker, const struct image_blob *blob,
			  const char *digest, enum compression packing, struct image_blob *have,
			  struct keg_err *err)
{
	struct image_blob packed = *blob;

	if (!digest_is_sha256(digest))
		return 0;
	snprintf(packed.digest, sizeof packed.digest, "%s", digest);
	int r = find_blob(docker, &packed, have, err);
	if (r <= 0 || have->size < 0)
		return r < 0 ? r : 0;
	have->packing = packing;
	return 1;
}

/* Any of the blobs that the plain layer is known to become. */
static int find_packed(struct docker_dest *docker, const struct image_blob *blob,
		       struct image_blob *have, struct keg_err *err)
{
	static const enum compression others[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };
	int r = 0;

	if (!keg_str_empty(blob->came_as))
		r = find_packed_as(docker, blob, blob->came_as, blob->packing, have, err);
	for (size_t i = 0; i < KEG_COUNT(others) && r == 0; i++) {
		auto(keg_strv) known = { 0 };

		if (others[i] != blob->packing && !blob->any_packing)
			continue;
		blob_cache_find_packed(docker->cache, blob->plain, compression_name(others[i]),
				       PACKED_TRIES, &known);
		for (size_t k = 0; k < known.n && r == 0; k++) {
			if (!keg_str_eq(known.v[k], blob->came_as))
				r = find_packed_as(docker, blob, known.v[k], others[i], have, err);
		}
	}
	return r;
}

static int docker_reuse(struct image_dest *dst, const struct image_blob *blob, bool substitute,
			struct image_blob *have, struct keg_err *err)
{
	struct docker_dest *docker = (struct docker_dest *)dst;

	(void)substitute;
	if (docker->base.lied)
		return 0;
	if (blob->plain)
		return find_packed(docker, blob, have, err);
	return blob->digest[0] ? find_blob(docker, blob, have, err) : 0;
}

static ssize_t tap_read(void *ctx, void *into, size_t room, struct keg_err *err)
{
	struct upload_tap *tap = ctx;
	ssize_t n = tap->from->read(tap->from, into, room, err);

	if (n > 0) {
		tap->count += n;
		if (tap->hash)
			keg_sha256_add(&tap->sum, into, (size_t)n);
	}
	return n;
}

static int send(struct docker_dest *docker, const struct registry_source *source,
		struct registry_upload **out, bool *lost, struct keg_err *err)
{
	autoptr(upload_window) window =
		upload_window_new(source, image_tmpdir(docker->access->tmpdir));
	struct registry_source kept;

	upload_window_source(window, &kept);
	return registry_upload_send(docker->repo, &kept, out, lost, err);
}

static void remember(struct docker_dest *docker, const struct image_blob *blob,
		     const struct image_blob *put)
{
	blob_cache_saw(docker->cache, registry_repo_name(docker->repo), put->digest);
	if (blob->plain)
		blob_cache_packed(docker->cache, blob->plain, put->digest,
				  compression_name(blob->packing));
}

static int docker_put(struct image_dest *dst, const struct image_blob *blob, struct stream_in *from,
		      struct image_blob *put, struct keg_err *err)
{
	struct docker_dest *docker = (struct docker_dest *)dst;
	autoptr(registry_upload) upload = NULL;
	struct upload_tap tap = { .from = from, .hash = !blob->digest[0] };
	const struct registry_source source = { .read = tap_read, .ctx = &tap, .size = blob->size };
	char hex[KEG_SHA256_HEX + 1];

	keg_sha256_init(&tap.sum);
	put->again = false;
	int r = send(docker, &source, &upload, &put->again, err);
	if (r < 0)
		return r;
	*put = *blob;
	put->size = tap.count;
	if (tap.hash) {
		keg_sha256_end_hex(&tap.sum, hex);
		snprintf(put->digest, sizeof put->digest, "sha256:%s", hex);
	}
	r = registry_upload_commit(upload, put->digest, err);
	if (r >= 0)
		remember(docker, blob, put);
	return r;
}

static int docker_put_manifest(struct image_dest *dst, const void *bytes, size_t len,
			       const char *media_type, const char *instance, struct keg_err *err)
{
	struct docker_dest *docker = (struct docker_dest *)dst;

	struct registry_said said;

	int r = registry_manifest_put(docker->repo,
				      instance ? instance : docker_site_what(&docker->site),
				      media_type, bytes, len, &said, err);
	docker->base.lied |= r < 0 && said.lacks_blobs;
	if (r >= 0 && !said.lists_subject)
		r = registry_referrers_add(docker->repo, bytes, len, media_type, err);
	if (r < 0 || instance)
		return r;
	free(take_ptr(&docker->digest));
	return image_manifest_digest(bytes, len, &docker->digest, err);
}

static int docker_put_signatures(struct image_dest *dst, const struct signatures *sigs,
				 const char *instance, struct keg_err *err)
{
	struct docker_dest *docker = (struct docker_dest *)dst;
	const struct reference *ref = &docker->site.ref;
	const struct docker_signatures at = { .client = docker->site.client,
					      .repo = docker->repo,
					      .access = docker->access,
					      .host = ref->domain,
					      .path = ref->path,
					      .tag = ref->tag };

	return docker_signatures_write(&at, instance ? instance : docker->digest, sigs, err);
}

static int docker_commit(struct image_dest *dst, struct keg_err *err)
{
	(void)dst;
	(void)err;
	return 0;
}

static void docker_dest_free(struct image_dest *dst)
{
	struct docker_dest *docker = (struct docker_dest *)dst;

	if (docker->repo)
		registry_repo_close(docker->repo);
	blob_cache_close(docker->cache);
	docker_site_done(&docker->site);
	free(docker->digest);
	free(docker->base.name);
	free(docker->base.reference);
	free(docker);
}

static const struct image_dest_ops docker_dest_ops = {
	.reuse = docker_reuse,
	.put = docker_put,
	.put_manifest = docker_put_manifest,
	.put_signatures = docker_put_signatures,
	.commit = docker_commit,
	.free = docker_dest_free,
};

int docker_dest_open(const char *rest, const struct image_access *access, struct image_dest **out,
		     struct keg_err *err)
{
	auto(registry_places) places = { 0 };
	struct docker_dest *docker = keg_alloc(1, sizeof *docker);
	autoptr(image_dest) owned = &docker->base;

	docker->base.ops = &docker_dest_ops;
	docker->base.compression = IMAGE_COMPRESS;
	docker->base.takes_packed = docker->base.remote = true;
	docker->access = access;
	docker->base.takes_index = docker->base.takes_urls = docker->base.takes_schema1 = true;
	docker->base.max_parallel = PARALLEL_UPLOADS;
	docker->cache = blob_cache_open();
	int r = docker_site_open(rest, access, &docker->site, err);
	if (r < 0)
		return r;
	const struct reference *ref = &docker->site.ref;
	docker->base.name = docker_site_name(&docker->site);
	docker->base.reference = reference_format(ref);
	docker->base.docker_path = ref->path;
	docker->base.docker_tag = ref->tag;
	r = registry_config_push_place(docker->site.config, ref->domain, ref->path, &places, err);
	if (r >= 0)
		r = registry_repo_open(docker->site.client, &places.v[0], REGISTRY_PUSH,
				       &docker->repo, err);
	if (r < 0)
		return r;
	*out = take_ptr(&owned);
	return 0;
}
