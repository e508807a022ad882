/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_parents.h - which image was built upon which. Nothing records it: a build that keeps
 * its steps leaves an image without a name for each, whose layers and history the next one
 * continues.
 */
#ifndef KEG_ENGINE_IMAGE_PARENTS_H
#define KEG_ENGINE_IMAGE_PARENTS_H

#include <stdbool.h>

#include "store/image.h"

/* Does `child` continue the layers and the history of `parent`? */
bool image_is_parent(struct store *store, const struct store_image *parent,
		     const struct store_image *child);

/* Is it a step to another of the images, and so no dangling one even without a name? */
bool image_has_child(struct store *store, const struct store_image *image,
		     const struct store_image *all, size_t n);

#endif
