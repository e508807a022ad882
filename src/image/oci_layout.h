/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci_layout.h - a folder in the OCI image layout (image-layout.md) as source and destination:
 * for oci: as it is, for oci-archive: as what a tar is unpacked to and made of.
 */
#ifndef KEG_IMAGE_OCI_LAYOUT_H
#define KEG_IMAGE_OCI_LAYOUT_H

#include "image/transport.h"

/* "path[:ref|:@index]"; *ref is "" when there is none. Both the caller's to free. */
int oci_layout_split(const char *rest, char **path, char **ref, struct keg_err *err) KEG_MUST_CHECK;

/* Is `ref` "@" and the number of an entry? 1 with *out, or 0; KEG_EUSAGE when it is no number. */
int oci_layout_index(const char *ref, uint64_t *out, struct keg_err *err) KEG_MUST_CHECK;

/* Where a source's files are: a folder, or an archive. Names are relative to the layout. */
struct oci_files {
	int (*read)(void *ctx, const char *name, size_t most, struct keg_buf *out,
		    struct keg_err *err);
	int (*send)(void *ctx, const char *name, uint64_t from, struct stream_out *to,
		    struct keg_err *err);
	void (*close)(void *ctx);
	void *ctx;
};

struct oci_layout {
	const char *name; /* of the whole, for messages: "oci:path:ref" */
	const char *dir;
	const char *ref; /* "" : the only image there is; a source: or "@" and its number */
	const char *shared_blobs; /* folder of blobs, or NULL: <dir>/blobs */
};

/* The image named `ref` ("": the only one) of a layout; takes `files` over, also on failure. */
int oci_layout_source_of(const char *name, const char *ref, const struct oci_files *files,
			 struct image_source **out, struct keg_err *err) KEG_MUST_CHECK;

int oci_layout_source(const struct oci_layout *where, struct image_source **out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* The folder is made; an existing layout gets one more image, or another under that name. */
int oci_layout_dest(const struct oci_layout *where, bool accept_uncompressed,
		    struct image_dest **out, struct keg_err *err) KEG_MUST_CHECK;

#define OCI_INDEX_FILE "index.json"

/* "sha256/<hex>", below the folder of blobs. The caller frees. */
char *oci_blob_name(const char *digest);
/* index.json; `path` is for messages. */
int oci_index_parse(const struct keg_buf *bytes, const char *path, struct keg_arena *arena,
		    struct manifest_index *out, struct keg_err *err) KEG_MUST_CHECK;
/* The name that an index gives an image, or "". */
const char *oci_ref_name(const struct descriptor *d);

#endif
