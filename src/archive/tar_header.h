/* SPDX-License-Identifier: Apache-2.0 */
/* tar_header.h - the 512-byte header block: its fields, formats, numbers and checksum. */
#ifndef KEG_ARCHIVE_TAR_HEADER_H
#define KEG_ARCHIVE_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/tar.h"
#include "base/err.h"

/* POSIX.1-1988 ustar; GNU and star put other things where the prefix is. */
struct tar_block {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[100], magic[6], version[2], uname[32], gname[32], dev_major[8], dev_minor[8];
	union {
		struct {
			char prefix[155], pad[12];
		};
		struct {
			char star_prefix[131], star_atime[12], star_ctime[12], star_pad[8],
				star_trailer[4];
		};
		struct {
			char gnu_times[24], gnu_offset[12], gnu_longnames[4], gnu_unused;
			char gnu_sparse[4][2][12], gnu_extended, gnu_realsize[12], gnu_pad[17];
		};
	};
};
_Static_assert(sizeof(struct tar_block) == TAR_BLOCK, "a header is one block");

/* A block of further extents of GNU's old sparse format. */
enum { TAR_GNU_EXTENTS = 21 };
struct tar_sparse_block {
	char sparse[TAR_GNU_EXTENTS][2][12], extended, pad[7];
};
_Static_assert(sizeof(struct tar_sparse_block) == TAR_BLOCK, "an extension is one block");

enum tar_format { TAR_V7, TAR_USTAR, TAR_STAR, TAR_GNU };
enum tar_format tar_format_of(const struct tar_block *block);

bool tar_block_is_zero(const void *block);
/* The sum over the block with the checksum's own field as spaces, by unsigned bytes. */
unsigned tar_checksum(const struct tar_block *block);
/* Does the field hold that sum, or the one by signed bytes that some old tars wrote? */
bool tar_checksum_is_right(const struct tar_block *block);

/* Octal text, or base 256 when the first bit is set. KEG_ECORRUPT naming the field. */
int tar_number(const char *field, size_t len, const char *name, int64_t *out,
	       struct keg_err *err) KEG_MUST_CHECK;
/* The same within [0, most]. */
int tar_natural(const char *field, size_t len, const char *name, uint64_t most, uint64_t *out,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
