/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunked_toc.h - the table of contents of a zstd:chunked layer, read for one purpose: where in
 * the blob the content of a file stands, and what its digest is. Everything else that it says of
 * files stands in the tar itself, which the tar-split has, and is not believed.
 */
#ifndef KEG_ARCHIVE_CHUNKED_TOC_H
#define KEG_ARCHIVE_CHUNKED_TOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/chunked.h"

/* A part of a file: frames of the blob, or zeros that are not fetched. */
struct chunked_piece {
	uint64_t at, len; /* in the blob */
	uint64_t size;	  /* of what comes out */
	bool zeros;
};

struct chunked_file;

struct chunked_toc {
	char split_digest[CHUNKED_DIGEST_LEN + 1]; /* of the tar-split as it is in the blob */
	struct chunked_file *files;
	struct chunked_piece *pieces; /* in the order of the table */
	size_t n_pieces, room_pieces;
};
void chunked_toc_done(struct chunked_toc *toc);
KEG_AUTO(chunked_toc, chunked_toc_done)

/*
 * `text` is the table unpacked, `end` where the files end in the blob. KEG_ECORRUPT when it is
 * malformed, names a file twice, or has parts that overlap, lie outside of the blob or do not
 * make up their file.
 */
int chunked_toc_parse(const char *text, size_t len, uint64_t end, struct chunked_toc *out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* A file with content, as found by its name in the tar. */
struct chunked_content {
	unsigned char digest[32];
	uint64_t size;
	const struct chunked_piece *pieces;
	size_t n_pieces;
};
bool chunked_toc_find(const struct chunked_toc *toc, const char *name, struct chunked_content *out);

#endif
