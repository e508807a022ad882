/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob_parts.h - a layer of which only those parts are fetched that no local layer has.
 *
 * The blob says where in it the content of each file stands (archive/chunked_toc.h) and has the
 * rest of its plain tar apart (tar-split). So the tar is made again: of that, of files that
 * local layers have, and of parts that are fetched. Whoever takes it checks its digest against
 * the image's configuration, as for any other layer; so nothing that the blob says of itself
 * has to be believed, and the layer is the same as one that was fetched as a whole.
 */
#ifndef KEG_IMAGE_BLOB_PARTS_H
#define KEG_IMAGE_BLOB_PARTS_H

#include <pthread.h>

#include "image/reporter.h"
#include "image/transport.h"
#include "store/store.h"

struct blob_parts;

struct blob_parts_from {
	struct image_source *src;
	const struct image_blob *blob; /* with `chunks` */
	struct store *store;
	pthread_mutex_t *store_lock; /* taken while the store is asked */
	struct image_reporter *reporter;
};

/*
 * Fetch the table and look what is here. *out is NULL when it is not worth it: nearly all of the
 * blob would be fetched. KEG_EUNSUPPORTED when the source gives whole blobs only, KEG_ECORRUPT when
 * the blob is not what its descriptor says.
 */
int blob_parts_open(const struct blob_parts_from *from, struct blob_parts **out,
		    struct keg_err *err) KEG_MUST_CHECK;
void blob_parts_free(struct blob_parts *parts);
KEG_AUTOPTR(blob_parts, blob_parts_free)

/* The tar, to be closed before the parts are freed; fetching begins. Once. */
int blob_parts_tar(struct blob_parts *parts, struct stream_in **out,
		   struct keg_err *err) KEG_MUST_CHECK;

/* Bytes fetched so far, of the table as well. */
uint64_t blob_parts_fetched(struct blob_parts *parts);

#endif
