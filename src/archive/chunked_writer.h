/* SPDX-License-Identifier: Apache-2.0 */
/* chunked_writer.h - a plain tar on its way becomes zstd:chunked (chunked.h). */
#ifndef KEG_ARCHIVE_CHUNKED_WRITER_H
#define KEG_ARCHIVE_CHUNKED_WRITER_H

#include "archive/chunked.h"
#include "archive/stream.h"

/*
 * A stage that reads the tar `from`, which it takes over when it succeeds. When it has ended,
 * *layout (the caller's, which outlives the stage) says what was written. What the format has no
 * words for - sparse files, names that are not UTF-8, one path twice - makes it a plain zstd
 * stream without a table, and leaves layout->checksum empty. `level` as in stream_compress().
 */
int stream_in_chunked(struct stream_in *from, int level, struct chunked_layout *layout,
		      struct stream_in **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
