/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk_split.h - cut a file where its content says so, that equal parts of two files become
 * equal chunks although they stand at other offsets.
 *
 * The rule is that of zstd:chunked's other writers, so that chunks of theirs and ours are the same:
 * bup's rolling sum over 64 bytes ends a chunk where its low 16 bits are all ones, and 1024
 * zeros or more are a chunk of their own.
 */
#ifndef KEG_ARCHIVE_CHUNK_SPLIT_H
#define KEG_ARCHIVE_CHUNK_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CHUNK_SPLIT_WINDOW = 64 };

/* Gets each chunk's bytes, in parts, and then its end; no chunk is empty. */
struct chunk_sink {
	int (*bytes)(void *ctx, const void *bytes, size_t len, struct keg_err *err);
	int (*end)(void *ctx, bool zeros, struct keg_err *err);
	void *ctx;
};

struct chunk_split {
	uint32_t s1, s2;
	unsigned char window[CHUNK_SPLIT_WINDOW];
	unsigned at;
	uint64_t zeros; /* seen, and not yet said whether they are a hole */
	bool open;	/* the sink has bytes of a chunk that has not ended */
};

/* At the start of each file. */
void chunk_split_init(struct chunk_split *split);
int chunk_split_add(struct chunk_split *split, const void *bytes, size_t len,
		    const struct chunk_sink *sink, struct keg_err *err) KEG_MUST_CHECK;
/* At the end of the file. */
int chunk_split_end(struct chunk_split *split, const struct chunk_sink *sink,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
