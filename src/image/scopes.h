/* SPDX-License-Identifier: Apache-2.0 */
/* scopes.h - what policy.json may call an image, most specific first (containers-policy.json(5)).
 */
#ifndef KEG_IMAGE_SCOPES_H
#define KEG_IMAGE_SCOPES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "spec/reference.h"

/* A docker reference: all of it, the repository, what is above it, "*.domain"; appends. */
int image_scopes_docker(const char *reference, struct keg_strv *out,
			struct keg_err *err) KEG_MUST_CHECK;

/* A path, made absolute: itself and each folder above it but the root; appends. */
void image_scopes_path(const char *path, struct keg_strv *out);

/* An image of the store "driver@root": `ref` and `id` may be NULL; appends. */
void image_scopes_storage(const char *driver, const char *root, const struct reference *ref,
			  const char *id, struct keg_strv *out);

/* May the transport have such a scope? Those we do not know may have any. */
bool image_scope_is_valid(const char *transport, const char *scope);

#endif
