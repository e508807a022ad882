/* SPDX-License-Identifier: Apache-2.0 */
/* image_list.h - the images of the store, filtered and sorted as `images` shows them. */
#ifndef KEG_ENGINE_IMAGE_LIST_H
#define KEG_ENGINE_IMAGE_LIST_H

#include "store/image.h"

struct image_list_request {
	const char *const *filters; /* "KEY=VALUE" */
	size_t n_filters;
	const char *name; /* only this image, by name, id or pattern; or NULL */
};

/* In the order of the store; KEG_EUSAGE for a filter that does not exist. */
int image_list(struct store *store, const struct image_list_request *want, struct keg_arena *arena,
	       struct store_image **out, size_t *n, struct keg_err *err) KEG_MUST_CHECK;

#endif
