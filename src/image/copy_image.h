/* SPDX-License-Identifier: Apache-2.0 */
/* copy_image.h - one image (no index) from source to destination; for copy.c. */
#ifndef KEG_IMAGE_COPY_IMAGE_H
#define KEG_IMAGE_COPY_IMAGE_H

#include "image/copy.h"
#include "image/copy_crypt.h"
#include "image/reporter.h"

struct copy_image {
	struct image_source *src;
	struct image_dest *dst;
	const struct image_copy *how;
	struct image_reporter *reporter;
	const struct copy_crypt *crypt;
	const char *instance; /* its digest at the source when it is below an index */
	bool below_index;     /* and so at the destination as well */
	bool allowed;	      /* the policy was asked about the manifest that this one is made of */
};

/*
 * `bytes` is the image's manifest. *written (appended) is the manifest as the destination has
 * it, *media_type its constant type.
 */
int copy_image_run(const struct copy_image *what, const struct keg_buf *bytes,
		   const char *media_type, struct keg_buf *written, const char **written_type,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
