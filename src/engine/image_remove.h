/* SPDX-License-Identifier: Apache-2.0 */
/* image_remove.h - what `rmi` does to one image: take a name away, or remove it. */
#ifndef KEG_ENGINE_IMAGE_REMOVE_H
#define KEG_ENGINE_IMAGE_REMOVE_H

#include <stdbool.h>

#include "base/strv.h"
#include "store/store.h"

struct image_removal {
	struct keg_strv untagged; /* names taken away */
	char *deleted;		  /* the image's id when it is gone, else NULL */
};

/*
 * By name: that name goes, and the image with its last one. By id: the image goes; with several
 * names only by `force`. KEG_EBUSY, naming the container, while one uses it.
 */
int image_remove(struct store *store, const char *text, bool force, struct image_removal *out,
		 struct keg_err *err) KEG_MUST_CHECK;
void image_removal_done(struct image_removal *removal);
KEG_AUTO(image_removal, image_removal_done)

#endif
