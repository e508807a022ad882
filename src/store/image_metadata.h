/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_metadata.h - what containers/image notes beside an image (struct store_new_image has
 * it). Rarely asked for, so it is no part of the index: the list itself is read.
 */
#ifndef KEG_STORE_IMAGE_METADATA_H
#define KEG_STORE_IMAGE_METADATA_H

#include "base/buf.h"
#include "store/image.h"

/* Appended; "{}" when there is nothing. */
int store_image_metadata(struct store *store, const struct store_image *image, struct keg_buf *out,
			 struct keg_err *err) KEG_MUST_CHECK;

#endif
