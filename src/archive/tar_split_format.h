/* SPDX-License-Identifier: Apache-2.0 */
/* tar_split_format.h - one line of tar-split, written and read: inside tar_split. */
#ifndef KEG_ARCHIVE_TAR_SPLIT_FORMAT_H
#define KEG_ARCHIVE_TAR_SPLIT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "archive/stream.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum tar_split_type { TAR_SPLIT_FILE = 1, TAR_SPLIT_SEGMENT = 2 };

struct tar_split_line {
	enum tar_split_type type;
	const char *name; /* of a file */
	uint64_t size;
	const void *payload; /* raw bytes of a segment, or a file's checksum */
	size_t n_payload;
};

void tar_split_put_segment(struct keg_buf *out, const void *bytes, size_t len, uint64_t position);
/* A size of 0 has no checksum. Names that are not UTF-8 go as bytes. */
void tar_split_put_file(struct keg_buf *out, const char *name, uint64_t size, uint64_t crc,
			uint64_t position);

/* Read a line (without its newline); what it holds is in the arena. KEG_ECORRUPT. */
int tar_split_get(const char *text, size_t len, struct keg_arena *arena, struct tar_split_line *out,
		  struct keg_err *err) KEG_MUST_CHECK;

/* Line after line. Start from { .split = ... }, which stays the caller's. */
struct tar_split_lines {
	struct stream_in *split;
	struct keg_buf text; /* from `at` on not used yet */
	size_t at;
	struct keg_arena arena; /* of the line */
	struct tar_split_line line;
};
void tar_split_lines_done(struct tar_split_lines *lines);
KEG_AUTO(tar_split_lines, tar_split_lines_done)

/* 1 with a line that is valid until the next call, 0 at the end. KEG_ECORRUPT. */
int tar_split_next(struct tar_split_lines *lines, const struct tar_split_line **out,
		   struct keg_err *err) KEG_MUST_CHECK;

/* CRC-64/ISO as Go's hash/crc64 sums it: 8 bytes, most significant first. */
enum { TAR_SPLIT_CRC = 8 };
void tar_split_crc(unsigned char out[TAR_SPLIT_CRC], uint64_t crc);

#endif
