/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.h - bytes on their way from one thread to another: from the network to whoever unpacks.
 *
 * In memory it is a ring that makes the writer wait. As a file it is never full, so that
 * downloads run ahead of unpacking, and what it holds outlives the process: the next attempt
 * continues after it. The file is named by the blob and locked while in use; it is gone once
 * the blob has arrived where it belongs. A file of ours that lives that shortly is
 * rarely written to the disk at all.
 */
#ifndef KEG_IMAGE_PIPE_H
#define KEG_IMAGE_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/stream.h"
#include "base/err.h"

struct image_pipe;

/* A ring of `room` bytes. */
struct image_pipe *image_pipe_new(size_t room);

/*
 * A file in the folder `dir`, which is made. *out is NULL when another process fetches the
 * same blob just now: use a ring then.
 */
int image_pipe_open(const char *dir, const char *digest, struct image_pipe **out,
		    struct keg_err *err) KEG_MUST_CHECK;

/*
 * Called by each of the two threads when it is done with the pipe, which goes with the second.
 * A file stays unless image_pipe_drop() was called.
 */
void image_pipe_free(struct image_pipe *pipe);

/* Remove the file: the blob arrived, or is wrong. */
void image_pipe_drop(struct image_pipe *pipe);

/* What an earlier attempt left: fed to `to` (a hash), then readable. Returns the count. */
int64_t image_pipe_resume(struct image_pipe *pipe, struct stream_out *to,
			  struct keg_err *err) KEG_MUST_CHECK;

/* The writer's side. KEG_EBUSY when the reader has gone. */
int image_pipe_write(struct image_pipe *pipe, const void *bytes, size_t len,
		     struct keg_err *err) KEG_MUST_CHECK;
/* No more comes; `why` NULL: all is well, else what the reader gets instead of the end. */
void image_pipe_end(struct image_pipe *pipe, const struct keg_err *why);

/* Did the writer end it with a failure, other than that the reader had gone? */
bool image_pipe_is_broken(struct image_pipe *pipe);

/* The reader's side, within the pipe; closing it tells the writer that nobody reads. */
struct stream_in *image_pipe_reader(struct image_pipe *pipe);

/*
 * Remove partial blobs in `dir` that nobody is fetching: all that are older than a week, and
 * the oldest until the rest take at most `most` bytes.
 */
int image_pipe_prune(const char *dir, uint64_t most, struct keg_err *err) KEG_MUST_CHECK;

#endif
