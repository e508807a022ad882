/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_digest.h - what a manifest is called by. */
#ifndef KEG_IMAGE_MANIFEST_DIGEST_H
#define KEG_IMAGE_MANIFEST_DIGEST_H

#include <stddef.h>

#include "base/err.h"

/*
 * "sha256:..." of a manifest's bytes; the caller frees. Docker's schema 1 carries signatures
 * within (JWS): they are taken out first, as the specification of the digest wants it.
 * KEG_ECORRUPT when they do not say how.
 */
int image_manifest_digest(const void *bytes, size_t len, char **out,
			  struct keg_err *err) KEG_MUST_CHECK;

#endif
