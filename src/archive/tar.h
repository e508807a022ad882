/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h - one member of a tar archive, as it is read and as it is written. */
#ifndef KEG_ARCHIVE_TAR_H
#define KEG_ARCHIVE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	TAR_BLOCK = 512,
	TAR_META_MAX = 1 << 20,	  /* bytes of one pax header or long name */
	TAR_SPARSE_MAX = 1 << 17, /* extents of one sparse file */
};

/* The ustar type flags. */
enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCKDEV = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
};

struct tar_xattr {
	const char *name; /* "security.capability" */
	const char *value;
	size_t len;
	bool schily; /* told as SCHILY.xattr.*, which all readers know */
};

/* Data at an offset of a sparse file; what lies between is a hole. */
struct tar_extent {
	uint64_t at, len;
};

/*
 * What the header says beyond its meaning: with the file type's bits in the mode, with a size or
 * a link where the member has none. For those who repeat headers word by word.
 */
struct tar_said {
	uint32_t mode;
	uint64_t size;
	const char *link;
	uint32_t dev_major, dev_minor;
	struct timespec atime, ctime; /* {0}: not said */
};

struct tar_entry {
	enum tar_type type;
	const char *name; /* as in the archive, not cleaned */
	const char *link; /* target of hard and symbolic links; "" otherwise */
	uint32_t mode;	  /* permission bits with set-id and sticky */
	uint32_t uid, gid;
	uint64_t size; /* of the file's content, holes included */
	struct timespec mtime;
	uint32_t dev_major, dev_minor;
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
	const struct tar_extent *extents; /* of a sparse file, ascending; NULL otherwise */
	size_t n_extents;
	struct tar_said said; /* filled where tar_watch asks for it, of no meaning to the writer */
};

#endif
