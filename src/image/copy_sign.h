/* SPDX-License-Identifier: Apache-2.0 */
/* copy_sign.h - the signatures of one manifest on their way through a copy; for copy*.c. */
#ifndef KEG_IMAGE_COPY_SIGN_H
#define KEG_IMAGE_COPY_SIGN_H

#include "image/copy_image.h"

/*
 * Read the signatures of a manifest of the source, and ask the policy about it. *out is what goes
 * along: nothing when signatures are to be removed. A destination that cannot keep them is
 * KEG_EUNSUPPORTED here, before anything is moved.
 */
int copy_sign_check(const struct copy_image *what, const struct keg_buf *manifest,
		    struct signatures *out, struct keg_err *err) KEG_MUST_CHECK;

/* Why the manifest may not be changed, in the peers' words; NULL: it may be. */
const char *copy_sign_fixed(const struct image_copy *how, const struct signatures *sigs);

/* The manifest was put for `instance`: sign it if so told, put what there is of signatures. */
int copy_sign_put(const struct copy_image *what, struct signatures *sigs, const void *manifest,
		  size_t len, const char *instance, struct keg_err *err) KEG_MUST_CHECK;

#endif
