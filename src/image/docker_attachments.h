/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker_attachments.h - sigstore's signatures in the repository of what they sign: an image that
 * is tagged "sha256-<hex>.sig", each layer a payload with its signature in annotations. For
 * docker_signatures.c.
 */
#ifndef KEG_IMAGE_DOCKER_ATTACHMENTS_H
#define KEG_IMAGE_DOCKER_ATTACHMENTS_H

#include "image/signature.h"
#include "registry/registry.h"

/* Of the manifest with this digest; none is no error. Appends. */
int docker_attachments_read(struct registry_repo *repo, const char *digest, struct signatures *out,
			    struct keg_err *err) KEG_MUST_CHECK;
/* Add those that are not there yet. */
int docker_attachments_write(struct registry_repo *repo, const char *digest,
			     const struct signature *const *sigs, size_t n,
			     struct keg_err *err) KEG_MUST_CHECK;

#endif
