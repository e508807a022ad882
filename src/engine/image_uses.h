/* SPDX-License-Identifier: Apache-2.0 */
/* image_uses.h - which containers use which images: ours, and those of the peers. */
#ifndef KEG_ENGINE_IMAGE_USES_H
#define KEG_ENGINE_IMAGE_USES_H

#include <stdbool.h>

#include "engine/engine.h"

struct image_use {
	const char *image;     /* full id */
	const char *container; /* full id */
	bool external;	       /* a peer's; else ours */
	bool build;	       /* a peer's, made while an image is built */
};

struct image_uses {
	struct keg_arena arena;
	struct image_use *v;
	size_t n, room;
};

/* Also of containers of ours that have no pin yet. */
int image_uses_load(struct engine *engine, struct image_uses *out,
		    struct keg_err *err) KEG_MUST_CHECK;
void image_uses_done(struct image_uses *uses);
KEG_AUTO(image_uses, image_uses_done)

/* How many containers use the image; `external` ones or only ours. */
size_t image_uses_count(const struct image_uses *uses, const char *image, bool external);

/*
 * Remove all containers that use the image: ours as `rm --force` does, those of the peers
 * unless they are mounted (KEG_EBUSY).
 */
int image_uses_remove(struct engine *engine, const char *image, struct keg_err *err) KEG_MUST_CHECK;

/* Remove the image of the store, where asked with these containers before. */
int image_uses_remove_image(struct engine *engine, const char *image, bool containers,
			    struct keg_err *err) KEG_MUST_CHECK;

#endif
