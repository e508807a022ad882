/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_layout.h - a folder in the OCI image layout (image-layout.md) as source and destination:
 * for oci: as it is, for oci-archive: as what a tar is unpacked to and made of.
 */
#ifndef KEG_IMAGE_OCI_LAYOUT_H
#define KEG_IMAGE_OCI_LAYOUT_H

#include "image/transport.h"

/* "path[:ref]"; *ref is "" when there is none. Both the caller's to free. */
int oci_layout_split(const char *rest, char **path, char **ref, struct keg_err *err) KEG_MUST_CHECK;

struct oci_layout {
	const char *name; /* of the whole, for messages: "oci:path:ref" */
	const char *dir;
	const char *ref;	  /* "" : the only image there is */
	const char *shared_blobs; /* folder of blobs, or NULL: <dir>/blobs */
};

int oci_layout_source(const struct oci_layout *where, struct image_source **out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* The folder is made; an existing layout gets one more image, or another under that name. */
int oci_layout_dest(const struct oci_layout *where, bool accept_uncompressed,
		    struct image_dest **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
