/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - the peers' containers, as the shared containers.json has them. Ours are not in
 * it, but for the pins of images that they use (pin.h).
 */
#ifndef KEG_STORE_CONTAINER_H
#define KEG_STORE_CONTAINER_H

#include <stdbool.h>

#include "base/mem.h"
#include "store/store.h"

struct store_container {
	const char *id;
	const char *name; /* its first, or "" */
	const char *image;
	const char *layer;
	bool pin;   /* ours: store_pin_list() says for which of our containers */
	bool build; /* Buildah's: made while an image is built */
};

/* All of them, or those made from `image` (a full id); the arena holds the result. */
int store_container_list(struct store *store, const char *image, struct keg_arena *arena,
			 struct store_container **out, size_t *n,
			 struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remove a peer's container with its layer and folders, behind its owner's back: who made it
 * finds it gone. KEG_EBUSY while it is mounted, KEG_ENOTFOUND when it is not there.
 */
int store_container_remove(struct store *store, const char *id, struct keg_err *err) KEG_MUST_CHECK;

/* For pin.c: what peers make for every container they come across, in the store and the run folder.
 */
void store_container_remove_folders(struct store *store, const char *id);

#endif
