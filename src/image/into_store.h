/* SPDX-License-Identifier: Apache-2.0 */
/* into_store.h - one image from anywhere into the store: what pull, load and import share. */
#ifndef KEG_IMAGE_INTO_STORE_H
#define KEG_IMAGE_INTO_STORE_H

#include "image/copy.h"

struct into_store {
	const struct image_access *access;
	const char *const *names; /* for the image; may be none */
	size_t n_names;
	struct image_progress progress;
};

/* "transport:details"; checks the policy. The image's id is added to *ids. */
int into_store_by_name(const struct into_store *how, const char *source, struct keg_strv *ids,
		       struct keg_err *err) KEG_MUST_CHECK;

/* A source that is open, and stays the caller's, with the policy for it (NULL: any). */
int into_store_from(const struct into_store *how, struct image_source *src,
		    const struct image_policy *policy, struct keg_strv *ids,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
