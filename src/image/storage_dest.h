/* SPDX-License-Identifier: Apache-2.0 */
/* storage_dest.h - containers-storage: as a destination, and what a pull asks of it. */
#ifndef KEG_IMAGE_STORAGE_DEST_H
#define KEG_IMAGE_STORAGE_DEST_H

#include "image/storage_ref.h"
#include "image/transport.h"

int storage_dest_open(const char *rest, const struct image_access *access, struct image_dest **out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* The store of `access`; the image gets these names ("host/path:tag"), which may be none. */
int storage_dest_new(const struct image_access *access, const char *const *names, size_t n,
		     struct image_dest **out, struct keg_err *err) KEG_MUST_CHECK;

/* After its commit. */
const char *storage_dest_image_id(const struct image_dest *dest);

#endif
