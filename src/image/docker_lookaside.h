/* SPDX-License-Identifier: Apache-2.0 */
/* docker_lookaside.h - simple signatures in a folder or on a web server; for docker_signatures.c.
 */
#ifndef KEG_IMAGE_DOCKER_LOOKASIDE_H
#define KEG_IMAGE_DOCKER_LOOKASIDE_H

#include "image/signature.h"
#include "registry/registry.h"

/* `base` is the repository's URL as registries_d_find() gives it. */
int docker_lookaside_read(struct registry_client *client, const char *base, const char *digest,
			  struct signatures *out, struct keg_err *err) KEG_MUST_CHECK;
/* These are all: others that are there go. */
int docker_lookaside_write(const char *base, const char *digest,
			   const struct signature *const *sigs, size_t n,
			   struct keg_err *err) KEG_MUST_CHECK;

#endif
