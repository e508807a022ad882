/* SPDX-License-Identifier: Apache-2.0 */
/* digest_of.h - the digest by which manifests name bytes that are in memory. */
#ifndef KEG_IMAGE_DIGEST_OF_H
#define KEG_IMAGE_DIGEST_OF_H

#include "spec/digest.h"

/* "sha256:..." */
void image_digest_of(char out[DIGEST_SHA256_LEN + 1], const void *bytes, size_t len);

#endif
