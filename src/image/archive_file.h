/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_file.h - the archive that is being written: beside its final name, and renamed when it
 * is whole; or, for standard output and the like, straight there.
 */
#ifndef KEG_IMAGE_ARCHIVE_FILE_H
#define KEG_IMAGE_ARCHIVE_FILE_H

#include "archive/stream.h"
#include "base/err.h"

struct archive_file;

/* `path` "-" is standard output. */
int archive_file_new(const char *path, struct archive_file **out,
		     struct keg_err *err) KEG_MUST_CHECK;
/* Removes what was not committed. */
void archive_file_free(struct archive_file *file);
KEG_AUTOPTR(archive_file, archive_file_free)

/* The file's. */
struct stream_out *archive_file_stream(struct archive_file *file);

int archive_file_commit(struct archive_file *file, struct keg_err *err) KEG_MUST_CHECK;

/* KEG_EEXISTS, in the words of `transport`, when there is such a file with something in it. */
int archive_file_check(const char *path, const char *transport, struct keg_err *err) KEG_MUST_CHECK;

#endif
