/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - whole files and folders relative to a directory descriptor (or AT_FDCWD).
 * For our own files only: a path that a container controls goes through os/path.h.
 */
#ifndef KEG_BASE_FILE_H
#define KEG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/* open(2) with O_CLOEXEC; the message is "open PATH: reason". */
int keg_open_at(int dirfd, const char *path, int flags, mode_t mode,
		struct keg_err *err) KEG_MUST_CHECK;

/* A new file without a name in `dir`, for reading and writing, that ends with its descriptor. */
int keg_open_unnamed(const char *dir, struct keg_err *err) KEG_MUST_CHECK;

/* All of a file into *out (appended). More than `most` bytes: KEG_ECORRUPT. */
int keg_file_read(int dirfd, const char *path, size_t most, struct keg_buf *out,
		  struct keg_err *err) KEG_MUST_CHECK;
int keg_fd_read_all(int fd, size_t most, struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;
/* The first line of such a file, without its end; the caller frees. */
int keg_file_read_line(int dirfd, const char *path, size_t most, char **out,
		       struct keg_err *err) KEG_MUST_CHECK;

/* All of `len` bytes, through EINTR and short writes. */
int keg_write_all(int fd, const void *bytes, size_t len, struct keg_err *err) KEG_MUST_CHECK;
/* Exactly `len` bytes or KEG_ECORRUPT at an early end. */
int keg_read_exact(int fd, void *bytes, size_t len, struct keg_err *err) KEG_MUST_CHECK;

enum keg_file_flags {
	KEG_FILE_DURABLE = 1,	/* fsync the file, rename, fsync its folder */
	KEG_FILE_EXCLUSIVE = 2, /* KEG_EEXISTS when the name is taken already */
};

/*
 * Replace (or make) `path` whole: written beside it under a temporary name, then renamed.
 * On failure the old file stands and no temporary one is left.
 */
int keg_file_write(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
		   enum keg_file_flags flags, struct keg_err *err) KEG_MUST_CHECK;

/* Make `path` and what is missing above it; existing folders are fine. */
int keg_mkdirs(int dirfd, const char *path, mode_t mode, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remove a file or a whole tree without following symbolic links; what is not there is
 * fine. Immutable to races: each folder is opened O_NOFOLLOW and emptied through its
 * descriptor. Depth is not limited by the stack or by PATH_MAX.
 */
int keg_remove_tree(int dirfd, const char *path, struct keg_err *err) KEG_MUST_CHECK;

/* readlinkat(2) into new memory that the caller frees. */
int keg_readlink(int dirfd, const char *path, char **out, struct keg_err *err) KEG_MUST_CHECK;

/* Does the name exist (symbolic links are not followed)? Any error means no. */
bool keg_exists(int dirfd, const char *path);

/* fsync a folder by name, so that renames in it survive a power cut. */
int keg_sync_dir(int dirfd, const char *path, struct keg_err *err) KEG_MUST_CHECK;

/* a/b joined with exactly one slash; the caller frees. */
char *keg_path_join(const char *a, const char *b);
/* The last component, within `path`. */
const char *keg_path_base(const char *path);
/* All but the last component; "." or "/" where there is none; the caller frees. */
char *keg_path_dir(const char *path);
/* Lexically: "." and ".." and double slashes resolved, as Go's path.Clean; the caller frees. */
char *keg_path_clean(const char *path);
/* The same of one that may be relative to the current folder. */
int keg_path_absolute(const char *path, char **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
