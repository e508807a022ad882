/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunked.h - zstd:chunked (containers-storage-zstd-chunked): a zstd stream in which each file's
 * content is frames of its own, so that parts of a layer can be fetched alone.
 *
 * What is in it stands in two skippable frames at the end: the table of contents, which has a
 * row for each member and chunk with its digest and place, and the tar-split (tar_split.h), of
 * which and the files the plain tar can be made again. A third one, the footer, says where they
 * are; so do annotations of the layer's descriptor, with the digest of the table. Who knows
 * nothing of this reads a plain zstd stream.
 */
#ifndef KEG_ARCHIVE_CHUNKED_H
#define KEG_ARCHIVE_CHUNKED_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define CHUNKED_PREFIX "io.github.containers.zstd-chunked."
#define CHUNKED_OLD_PREFIX "io.containers.zstd-chunked." /* Skopeo's up to 1.9 */
#define CHUNKED_CHECKSUM CHUNKED_PREFIX "manifest-checksum"
#define CHUNKED_POSITION CHUNKED_PREFIX "manifest-position"
#define CHUNKED_SPLIT_POSITION CHUNKED_PREFIX "tarsplit-position"

enum {
	CHUNKED_DIGEST_LEN = 7 + 64,  /* "sha256:..." */
	CHUNKED_PART_MAX = 150 << 20, /* of either part, plain or packed, as with the peers */
};

/* A zstd stream within the blob. */
struct chunked_part {
	uint64_t at, len, plain; /* `plain`: its length unpacked */
};

struct chunked_layout {
	char checksum[CHUNKED_DIGEST_LEN + 1]; /* of the table as it is in the blob; "": none */
	struct chunked_part toc, split;
};

/* A row of the table. */
struct chunked_row {
	const char *type, *name, *link;
	int64_t mode, size, uid, gid;
	const char *modified, *accessed, *changed; /* RFC 3339 */
	int64_t dev_major, dev_minor;
	struct keg_pair *xattrs; /* values in base64 */
	size_t n_xattrs;
	const char *digest;		  /* of the content; none when it is empty */
	int64_t offset, end;		  /* of its frames in the blob */
	int64_t chunk_size, chunk_offset; /* in the file; a size of 0: all the rest of it */
	const char *chunk_digest, *chunk_type;
};

#define CHUNKED_TYPE_FILE "reg"
#define CHUNKED_TYPE_CHUNK "chunk"
#define CHUNKED_ZEROS "zeros" /* a chunk_type */

void chunked_row_put(const struct chunked_row *row, struct keg_buf *out);
/* KEG_ECORRUPT when it is not of the form above. */
int chunked_row_get(const char *text, size_t len, struct keg_arena *arena, struct chunked_row *out,
		    struct keg_err *err) KEG_MUST_CHECK;

/* The content of the third skippable frame. */
void chunked_footer_put(const struct chunked_layout *layout, struct keg_buf *out);

enum { CHUNKED_ANNOTATIONS = 3 };
/* What the descriptor is to say, in the arena. */
void chunked_annotate(const struct chunked_layout *layout, struct keg_arena *arena,
		      struct keg_pair out[CHUNKED_ANNOTATIONS]);
/*
 * What the descriptor of a blob of `size` bytes says. 1, or 0 when the plain tar cannot be made
 * again from it: it says nothing, or was written before there was a tar-split in the format.
 * KEG_ECORRUPT when it cannot be true.
 */
int chunked_layout_of(const struct keg_pair *annotations, size_t n, uint64_t size,
		      struct chunked_layout *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
