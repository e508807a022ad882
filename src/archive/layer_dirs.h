/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_dirs.h - names of archive members, and the directories that hold them.
 *
 * Members of one directory come together, and its parents come back soon: a few open
 * directories answer nearly all look-ups without resolving a path again.
 */
#ifndef KEG_ARCHIVE_LAYER_DIRS_H
#define KEG_ARCHIVE_LAYER_DIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * A member's name cleaned as Go's path.Clean does: no leading, trailing or double slashes, no
 * "." and "..". Empty for the root. False when ".." leads out of it or it is too deep.
 */
bool layer_name_clean(const char *name, struct keg_buf *out);

/* The last component within a clean name; *parent is the length of what is before it. */
const char *layer_name_base(const char *name, size_t *parent);

enum { LAYER_DIRS_OPEN = 16 };

struct layer_dir {
	char *path;
	size_t len;
	int fd;
	bool setgid; /* new members get its group */
	unsigned long used;
};

/* Start from { .root = fd }, the root staying the caller's. */
struct layer_dirs {
	int root;
	unsigned long clock;
	struct layer_dir open[LAYER_DIRS_OPEN];
	struct layer_dir root_dir;
};

/*
 * The directory of that clean name, symbolic links resolved inside the root; valid until the
 * next call. NULL with errno when there is none.
 */
const struct layer_dir *layer_dirs_get(struct layer_dirs *dirs, const char *path, size_t len);

/*
 * A member's content: the regular file of that size, and no other, opened for reading. KEG_ECORRUPT
 * when it is not there any more, or not like that.
 */
int layer_dirs_open_file(struct layer_dirs *dirs, const char *name, uint64_t size,
			 struct keg_err *err) KEG_MUST_CHECK;

/* Forget all: after something was removed or replaced. */
void layer_dirs_flush(struct layer_dirs *dirs);

/* The same, at the end of its scope. */
KEG_AUTO(layer_dirs, layer_dirs_flush)

#endif
