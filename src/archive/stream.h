/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - bytes in and bytes out, chained: network or file -> tap -> decompress -> tar.
 *
 * archive/ turns layers into directory trees and back. A stage is a struct that begins with
 * stream_in or stream_out and is freed by its own close(); a stage that wraps another owns
 * it. Everything is used by one thread at a time; there are no globals, so that
 * layers are unpacked in parallel. The tar parts are in the library `archive`; what needs
 * isa-l, zstd or nettle (compress, stream_tap, tar_split) is in `archive_codec`.
 */
#ifndef KEG_ARCHIVE_STREAM_H
#define KEG_ARCHIVE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct stream_in {
	/* At least 1 and at most `room` bytes; 0 at the end; a negative code on failure. */
	ssize_t (*read)(struct stream_in *in, void *bytes, size_t room, struct keg_err *err);
	/* Frees the stage and what it wraps. */
	void (*close)(struct stream_in *in);
};

struct stream_out {
	/* All of it, or a negative code. */
	int (*write)(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err);
	/* Flush what is held back (a compressor's tail) down to the last stage; once. */
	int (*finish)(struct stream_out *out, struct keg_err *err);
	/* Frees the stage and what it wraps; data not finished is lost. */
	void (*close)(struct stream_out *out);
};

/* NULL is fine. */
void stream_in_close(struct stream_in *in);
void stream_out_close(struct stream_out *out);
KEG_AUTOPTR(stream_in, stream_in_close)
KEG_AUTOPTR(stream_out, stream_out_close)

/* Fill all of `bytes` unless the end comes first; returns how many. */
ssize_t stream_read_full(struct stream_in *in, void *bytes, size_t len,
			 struct keg_err *err) KEG_MUST_CHECK;
/* Everything left, appended; more than `most` bytes: KEG_ECORRUPT. */
int stream_read_all(struct stream_in *in, size_t most, struct keg_buf *out,
		    struct keg_err *err) KEG_MUST_CHECK;
/* Everything left from one to the other, which is not finished; returns the count. */
int64_t stream_copy(struct stream_in *in, struct stream_out *out,
		    struct keg_err *err) KEG_MUST_CHECK;
/*
 * For a stage that holds bytes back: as many of the `len` at `from`, but for the first *taken, as
 * there is room for. Counts them in *taken and returns how many.
 */
size_t stream_hand_out(const void *from, size_t len, size_t *taken, void *bytes, size_t room);
/* Read to the end and drop it. */
int stream_drain(struct stream_in *in, struct keg_err *err) KEG_MUST_CHECK;

/* From or to a descriptor, which the stage takes over. */
struct stream_in *stream_in_fd(int fd);
struct stream_out *stream_out_fd(int fd);
/* From a part of a file that stays the caller's, without moving its offset; to its end at most. */
struct stream_in *stream_in_window(int fd, uint64_t at, uint64_t len);
/* From memory that outlives the stage; to a buffer that does. */
struct stream_in *stream_in_memory(const void *bytes, size_t len);
struct stream_out *stream_out_buf(struct keg_buf *buf);
/* What `first` holds (copied), then the rest of `from`: to put a peeked head back. */
struct stream_in *stream_in_prefixed(const void *first, size_t len, struct stream_in *from);

/*
 * The same bytes, read ahead by a thread of its own into a few buffers: so that inflating and
 * hashing overlap with writing files. An error of `from` appears at its place. The
 * thread has ended when close() returns. Where no thread can be had, `from` itself.
 */
struct stream_in *stream_in_ahead(struct stream_in *from);

#endif
