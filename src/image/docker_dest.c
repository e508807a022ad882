/* SPDX-License-Identifier: Apache-2.0 */
/* An image on a registry, written. What is visible there changes with the manifest alone. */
#include "base/mem.h"
#include "base/sha256.h"
#include "image/docker_signatures.h"
#include "image/docker_transport.h"
#include "image/manifest_digest.h"
#include "registry/blob.h"
#include "registry/manifest.h"
#include "registry/upload.h"

enum { PARALLEL_UPLOADS = 6 };

struct docker_dest {
	struct image_dest base;
	struct docker_site site;
	struct registry_repo *repo;
	const struct image_access *access;
	char *digest; /* of the manifest that the reference names, once it was put */
};

/* Counts and hashes what passes to the registry. */
struct upload_tap {
	struct stream_in *from;
	struct keg_sha256 sum;
	int64_t count;
	bool hash;
};

static int docker_reuse(struct image_dest *dst, const struct image_blob *blob, bool substitute,
			struct image_blob *have, struct keg_err *err)
{
	struct docker_dest *docker = (struct docker_dest *)dst;
	int64_t size = -1;

	(void)substitute;
	if (!blob->digest[0])
		return 0;
	int r = registry_blob_stat(docker->repo, blob->digest, &size, err);
	if (r <= 0)
		return r;
	*have = *blob;
	if (size >= 0)
		have->size = size;
	return 1;
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

static int docker_put(struct image_dest *dst, const struct image_blob *blob, struct stream_in *from,
		      struct image_blob *put, struct keg_err *err)
{
	struct docker_dest *docker = (struct docker_dest *)dst;
	autoptr(registry_upload) upload = NULL;
	struct upload_tap tap = { .from = from, .hash = !blob->digest[0] };
	const struct registry_source source = { .read = tap_read, .ctx = &tap, .size = blob->size };
	char hex[KEG_SHA256_HEX + 1];

	keg_sha256_init(&tap.sum);
	int r = registry_upload_send(docker->repo, &source, &upload, err);
	if (r < 0)
		return r;
	*put = *blob;
	put->size = tap.count;
	if (tap.hash) {
		keg_sha256_end_hex(&tap.sum, hex);
		snprintf(put->digest, sizeof put->digest, "sha256:%s", hex);
	}
	return registry_upload_commit(upload, put->digest, err);
}

static int docker_put_manifest(struct image_dest *dst, const void *bytes, size_t len,
			       const char *media_type, const char *instance, struct keg_err *err)
{
	struct docker_dest *docker = (struct docker_dest *)dst;

	int r = registry_manifest_put(docker->repo,
				      instance ? instance : docker_site_what(&docker->site),
				      media_type, bytes, len, err);
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
	docker->access = access;
	docker->base.takes_index = docker->base.takes_urls = docker->base.takes_schema1 = true;
	docker->base.max_parallel = PARALLEL_UPLOADS;
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
