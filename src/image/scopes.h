/* SPDX-License-Identifier: Apache-2.0 */
/* scopes.h - what policy.json may call an image, most specific first (containers-policy.json(5)).
 */
#ifndef KEG_IMAGE_SCOPES_H
#define KEG_IMAGE_SCOPES_H

#include "base/err.h"
#include "base/strv.h"

/* A docker reference: all of it, the repository, what is above it, "*.domain"; appends. */
int image_scopes_docker(const char *reference, struct keg_strv *out,
			struct keg_err *err) KEG_MUST_CHECK;

/* A path, made absolute: with ":tag" where not NULL, itself, and each folder above it. */
int image_scopes_path(const char *path, const char *tag, struct keg_strv *out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
