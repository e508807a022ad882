/* SPDX-License-Identifier: Apache-2.0 */
/* load_names.h - images from archives and folders into the store, under the names they bear. */
#ifndef KEG_IMAGE_LOAD_NAMES_H
#define KEG_IMAGE_LOAD_NAMES_H

#include "image/access.h"
#include "image/progress.h"
#include "base/err.h"
#include "base/strv.h"

/*
 * A name for an image that came from no registry: "x" becomes "localhost/x:latest". The caller
 * frees *out.
 */
int image_full_name(const char *text, char **out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * `source` is "transport:details" of any transport but docker. Their names: docker-archive, all
 * tags of all images unless the reference picks one; oci and oci-archive, the reference in the
 * layout; dir: none. They are made full (image_full_name()). Appends ids, and names (may be
 * NULL): full, or "sha256:<id>" of what has none.
 */
int load_named(const char *source, const struct image_access *access,
	       const struct image_progress *progress, struct keg_strv *ids, struct keg_strv *names,
	       struct keg_err *err) KEG_MUST_CHECK;

#endif
