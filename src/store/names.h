/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - giving names to images and taking them away. A name belongs to one image at most;
 * what an image was ever called stays in its history, as with the peers.
 */
#ifndef KEG_STORE_NAMES_H
#define KEG_STORE_NAMES_H

#include "store/store.h"

/* `id` is the image's full id, KEG_ENOTFOUND when it is not (or no longer) in our store. */
int store_image_add_names(struct store *store, const char *id, const char *const *names, size_t n,
			  struct keg_err *err) KEG_MUST_CHECK;
/* A name that the image does not have is fine. */
int store_image_remove_names(struct store *store, const char *id, const char *const *names,
			     size_t n, struct keg_err *err) KEG_MUST_CHECK;

#endif
