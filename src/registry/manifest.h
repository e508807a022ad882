/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - manifests and tags of a repository. */
#ifndef KEG_REGISTRY_MANIFEST_H
#define KEG_REGISTRY_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"
#include "registry/registry.h"

enum { REGISTRY_MANIFEST_MOST = 4 << 20 };

/* The bytes as they came; the digest is computed from them. Start from {0}. */
struct registry_manifest {
	struct keg_buf bytes;
	char *media_type; /* the Content-Type without parameters, "" when there was none */
	char *digest;	  /* "sha256:..."; of the algorithm asked for where that is a digest */
};
void registry_manifest_done(struct registry_manifest *manifest);
KEG_AUTO(registry_manifest, registry_manifest_done)

/*
 * Fetch by tag or digest. Bytes that do not have the digest asked for, or the one that the
 * registry names in Docker-Content-Digest, are KEG_ECORRUPT. Errors: "reading manifest REF
 * in HOST/PATH: manifest unknown: ...", KEG_ENOTFOUND when the registry does not have it.
 */
int registry_manifest_get(struct registry_repo *repo, const char *ref,
			  struct registry_manifest *out, struct keg_err *err) KEG_MUST_CHECK;

/* The digest that a tag stands for, without the manifest where the registry can; caller frees. */
int registry_manifest_digest(struct registry_repo *repo, const char *ref, char **out,
			     struct keg_err *err) KEG_MUST_CHECK;

/* What a registry says to a manifest that it was given. */
struct registry_said {
	bool lacks_blobs;   /* it is refused for blobs that are not there */
	bool lists_subject; /* it will be listed among those who refer to its subject */
};

/* *said may be NULL. */
int registry_manifest_put(struct registry_repo *repo, const char *ref, const char *media_type,
			  const void *bytes, size_t len, struct registry_said *said,
			  struct keg_err *err) KEG_MUST_CHECK;

/* Delete what a tag or digest stands for (by its digest, as registries want it). */
int registry_manifest_delete(struct registry_repo *repo, const char *ref,
			     struct keg_err *err) KEG_MUST_CHECK;

/* All tags in the registry's order, appended. */
int registry_tags(struct registry_repo *repo, struct keg_strv *out,
		  struct keg_err *err) KEG_MUST_CHECK;

#endif
