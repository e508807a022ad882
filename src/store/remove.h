/* SPDX-License-Identifier: Apache-2.0 */
/* remove.h - removing images with the layers that nothing else needs. */
#ifndef KEG_STORE_REMOVE_H
#define KEG_STORE_REMOVE_H

#include "store/store.h"

/*
 * Remove the image and those of its layers that no image, container or other layer needs.
 * KEG_EBUSY, naming the container, while a container of any tool uses it, and while one of
 * those layers is mounted. The removed layers' ids are added to *layers (may be NULL).
 */
int store_image_remove(struct store *store, const char *id, struct keg_strv *layers,
		       struct keg_err *err) KEG_MUST_CHECK;

#endif
