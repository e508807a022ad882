/* SPDX-License-Identifier: Apache-2.0 */
/* image_remove.h - what `rmi` does to one image: take a name away, or remove it. */
#ifndef KEG_ENGINE_IMAGE_REMOVE_H
#define KEG_ENGINE_IMAGE_REMOVE_H

#include <stdbool.h>

#include "base/strv.h"
#include "engine/engine.h"

struct image_removal {
	struct keg_strv untagged; /* names taken away */
	char *deleted;		  /* the image's id when it is gone, else NULL */
};

struct image_remove_how {
	bool all_names;	 /* by id, also an image with several names */
	bool containers; /* and with it the containers that use it, of all tools */
};

/*
 * By name: that name goes, and the image with its last one. By id: the image goes. KEG_EBUSY,
 * naming the container, while one uses it and `containers` is not set.
 */
int image_remove(struct engine *engine, const char *text, const struct image_remove_how *how,
		 struct image_removal *out, struct keg_err *err) KEG_MUST_CHECK;
void image_removal_done(struct image_removal *removal);
KEG_AUTO(image_removal, image_removal_done)

#endif
