/* SPDX-License-Identifier: Apache-2.0 */
/* remove.h - removing images with the layers that nothing else needs, and who needs them. */
#ifndef KEG_STORE_REMOVE_H
#define KEG_STORE_REMOVE_H

#include <stdbool.h>

#include "base/mem.h"
#include "store/store.h"

/* Who uses an image: a record in the shared containers.json. */
struct store_user {
	const char *id;
	const char *name; /* its first, or "" */
	bool pin;	  /* ours: `id` is the pin's; see store_pin_list() for our containers */
};

/* All containers of any tool that were made from the image; the arena holds the result. */
int store_image_users(struct store *store, const char *id, struct keg_arena *arena,
		      struct store_user **out, size_t *n, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remove the image and those of its layers that no image, container or other layer needs.
 * KEG_EBUSY, naming the container, while a container of any tool uses it, and while one of
 * those layers is mounted. The removed layers' ids are added to *layers (may be NULL).
 */
int store_image_remove(struct store *store, const char *id, struct keg_strv *layers,
		       struct keg_err *err) KEG_MUST_CHECK;

#endif
