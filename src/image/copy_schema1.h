/* SPDX-License-Identifier: Apache-2.0 */
/* copy_schema1.h - images of Docker's schema 1, from it and to it; for copy.c and copy_image.c. */
#ifndef KEG_IMAGE_COPY_SCHEMA1_H
#define KEG_IMAGE_COPY_SCHEMA1_H

#include "image/copy_image.h"

/*
 * As copy_image_run() for a manifest of schema 1: as it is where the destination takes that and
 * nothing else is asked for, else as an image of schema 2.
 */
int copy_schema1_run(const struct copy_image *what, const struct keg_buf *bytes,
		     struct keg_buf *written, const char **written_type,
		     struct keg_err *err) KEG_MUST_CHECK;

/*
 * The manifest of schema 1, signed, of an image whose layers `dst` has, appended; sends the empty
 * layer that its history may need.
 */
int copy_schema1_make(struct image_dest *dst, const struct manifest *image, const char *config,
		      size_t len, struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
