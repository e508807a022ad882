/* SPDX-License-Identifier: Apache-2.0 */
/* policy_match.h - was a signature made for this image's name? */
#ifndef KEG_IMAGE_POLICY_MATCH_H
#define KEG_IMAGE_POLICY_MATCH_H

#include <stdbool.h>

#include "image/policy_file.h"

/*
 * `image` is the full name that the image was asked for by ("host/path:tag"), NULL when it has
 * none; `signature` is the name in the signature. What is no name matches nothing.
 */
bool policy_identity_matches(const struct policy_identity *identity, const char *image,
			     const char *signature);

#endif
