/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_index.h - the members of a tar file by name, read where they lie: an archive of
 * images is never unpacked, so what it holds beside plain files cannot hurt.
 *
 * An archive that is compressed, or is no file that can be read twice, is first copied plain
 * to an unnamed temporary file.
 */
#ifndef KEG_IMAGE_ARCHIVE_INDEX_H
#define KEG_IMAGE_ARCHIVE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/stream.h"
#include "base/err.h"

struct archive_index;

struct archive_member {
	char *name; /* cleaned, relative */
	uint64_t at, size;
	char *link; /* another member's cleaned name, or NULL */
};

/* `path` "-" is standard input; `tmpdir` NULL: $TMPDIR, then /var/tmp. */
int archive_index_open(const char *path, const char *tmpdir, struct archive_index **out,
		       struct keg_err *err) KEG_MUST_CHECK;
/* The same of a plain archive in a file that can be read anywhere; takes `fd` over. */
int archive_index_of(int fd, struct archive_index **out, struct keg_err *err) KEG_MUST_CHECK;
void archive_index_close(struct archive_index *index);
KEG_AUTOPTR(archive_index, archive_index_close)

/* A plain file, links within the archive followed; NULL when there is none. */
const struct archive_member *archive_index_find(const struct archive_index *index,
						const char *name);

/* All of a small one, appended; KEG_ENOTFOUND naming it when there is none. */
int archive_index_read(const struct archive_index *index, const char *name, size_t most,
		       struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

/* The member's bytes as a stream, which the index outlives. Any number at once. */
struct stream_in *archive_index_stream(const struct archive_index *index,
				       const struct archive_member *member);

#endif
