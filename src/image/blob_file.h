/* SPDX-License-Identifier: Apache-2.0 */
/* blob_file.h - blobs as files of a folder, named by their digest: what dir: and oci: share. */
#ifndef KEG_IMAGE_BLOB_FILE_H
#define KEG_IMAGE_BLOB_FILE_H

#include "image/transport.h"

/* The bytes of `name` from an offset on. */
int image_blob_file_send(int dirfd, const char *name, uint64_t from, struct stream_out *to,
			 struct keg_err *err) KEG_MUST_CHECK;

/* Is there a regular file `name` of the blob's size? Then 1 and *have. */
int image_blob_file_has(int dirfd, const struct image_blob *blob, const char *name,
			struct image_blob *have);

/*
 * Write all of `from` to "<prefix><hex>", the digest being found on the way where the blob has
 * none: under a temporary name first, so that a half written blob is never taken for one.
 */
int image_blob_file_put(int dirfd, const char *prefix, const struct image_blob *blob,
			struct stream_in *from, struct image_blob *put,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
