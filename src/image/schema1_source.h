/* SPDX-License-Identifier: Apache-2.0 */
/* schema1_source.h - an image of Docker's schema 1 as one of schema 2. */
#ifndef KEG_IMAGE_SCHEMA1_SOURCE_H
#define KEG_IMAGE_SCHEMA1_SOURCE_H

#include "image/transport.h"
#include "spec/schema1.h"

/*
 * The image of `under`, which stays the caller's and must outlive the new source. Schema 2 names
 * layers by what they unpack to, before any of them is sent: so all are fetched here, verified,
 * into unnamed files in `tmpdir`.
 */
int schema1_source_new(struct image_source *under, const struct schema1 *image, const char *tmpdir,
		       struct image_source **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
