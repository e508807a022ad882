/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zeros are only counted until something else comes: whether they are a hole, and so where the
 * chunk before them ends, is known no earlier.
 */
#include "archive/chunk_split.h"

#include <string.h>

enum {
	CHAR_OFFSET = 31,
	SPLIT_MASK = (1 << 16) - 1,
	HOLE_MIN = 1 << 10,
	ZEROS = 4 << 10,
};

static const unsigned char zeros[ZEROS];

void chunk_split_init(struct chunk_split *split)
{
	*split = (struct chunk_split){
		.s1 = CHUNK_SPLIT_WINDOW * CHAR_OFFSET,
		.s2 = CHUNK_SPLIT_WINDOW * (CHUNK_SPLIT_WINDOW - 1) * CHAR_OFFSET,
	};
}

/* One byte further; does a chunk end after it? */
static bool roll(struct chunk_split *split, unsigned char byte)
{
	unsigned char *slot = &split->window[split->at];

	split->s1 += (uint32_t)byte - *slot;
	split->s2 += split->s1 - (uint32_t)CHUNK_SPLIT_WINDOW * (*slot + (uint32_t)CHAR_OFFSET);
	*slot = byte;
	split->at = (split->at + 1) % CHUNK_SPLIT_WINDOW;
	return (split->s2 & SPLIT_MASK) == SPLIT_MASK;
}

static int end_chunk(struct chunk_split *split, bool hole, const struct chunk_sink *sink,
		     struct keg_err *err)
{
	if (!split->open)
		return 0;
	split->open = false;
	return sink->end(sink->ctx, hole, err);
}

static int put(struct chunk_split *split, const void *bytes, size_t len,
	       const struct chunk_sink *sink, struct keg_err *err)
{
	if (len == 0)
		return 0;
	split->open = true;
	return sink->bytes(sink->ctx, bytes, len, err);
}

/* Bytes that are not zeros, or too few zeros to be a hole. */
static int put_rolled(struct chunk_split *split, const unsigned char *bytes, size_t len,
		      const struct chunk_sink *sink, struct keg_err *err)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (!roll(split, bytes[i]))
			continue;
		int r = put(split, bytes + from, i + 1 - from, sink, err);
		if (r >= 0)
			r = end_chunk(split, false, sink, err);
		if (r < 0)
			return r;
		from = i + 1;
	}
	return put(split, bytes + from, len - from, sink, err);
}

static int put_hole(struct chunk_split *split, uint64_t len, const struct chunk_sink *sink,
		    struct keg_err *err)
{
	int r = end_chunk(split, false, sink, err);

	/* Once the window is all zeros, another zero changes nothing. */
	for (int i = 0; i < CHUNK_SPLIT_WINDOW; i++)
		(void)roll(split, 0);
	while (r >= 0 && len > 0) {
		size_t part = len < ZEROS ? (size_t)len : ZEROS;

		r = put(split, zeros, part, sink, err);
		len -= part;
	}
	return r < 0 ? r : end_chunk(split, true, sink, err);
}

static int put_zeros(struct chunk_split *split, const struct chunk_sink *sink, struct keg_err *err)
{
	uint64_t n = split->zeros;

	split->zeros = 0;
	return n < HOLE_MIN ? put_rolled(split, zeros, (size_t)n, sink, err)
			    : put_hole(split, n, sink, err);
}

int chunk_split_add(struct chunk_split *split, const void *bytes, size_t len,
		    const struct chunk_sink *sink, struct keg_err *err)
{
	const unsigned char *at = bytes, *end = at + len;

	while (at < end) {
		const unsigned char *zero = memchr(at, 0, (size_t)(end - at));
		const unsigned char *stop = zero ? zero : end;

		if (stop > at) {
			int r = put_zeros(split, sink, err);

			if (r >= 0)
				r = put_rolled(split, at, (size_t)(stop - at), sink, err);
			if (r < 0)
				return r;
		}
		for (at = stop; at < end && *at == 0; at++)
			split->zeros++;
	}
	return 0;
}

int chunk_split_end(struct chunk_split *split, const struct chunk_sink *sink, struct keg_err *err)
{
	int r = put_zeros(split, sink, err);

	return r < 0 ? r : end_chunk(split, false, sink, err);
}
