/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker_signatures.h - the signatures of images on registries (containers-signature(5)). Simple
 * ones are in a lookaside, or in the registry where it keeps them; sigstore's are attachments: an
 * image of their own, tagged by the digest of what they sign. Where a repository's are is looked
 * up when somebody asks for them.
 */
#ifndef KEG_IMAGE_DOCKER_SIGNATURES_H
#define KEG_IMAGE_DOCKER_SIGNATURES_H

#include "image/access.h"
#include "image/signature.h"
#include "registry/registry.h"

/* A repository, as it is reached, and as registries.d may name it. All is borrowed. */
struct docker_signatures {
	struct registry_client *client;
	struct registry_repo *repo;
	const struct image_access *access;
	const char *host, *path;
	const char *tag; /* of the image, or NULL */
};

/* Of the manifest with this digest; appends. */
int docker_signatures_read(const struct docker_signatures *at, const char *digest,
			   struct signatures *out, struct keg_err *err) KEG_MUST_CHECK;

int docker_signatures_write(const struct docker_signatures *at, const char *digest,
			    const struct signatures *sigs, struct keg_err *err) KEG_MUST_CHECK;

#endif
