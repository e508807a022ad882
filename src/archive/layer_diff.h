/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_diff.h - make a layer from a directory: an overlay upper directory (whiteouts and
 * opaque directories become .wh. names) or any tree. The same tree gives the same bytes.
 */
#ifndef KEG_ARCHIVE_LAYER_DIFF_H
#define KEG_ARCHIVE_LAYER_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/stream.h"
#include "base/err.h"

struct layer_diff_options {
	bool overlay; /* an upper directory: translate its whiteouts, drop its attributes */
	bool subsecond_times;
};

/*
 * Write the tree below `root` as a tar to `out` (not finished): members sorted by bytes, the
 * root itself left out, hard links by inode, attributes kept but for overlay's own, sockets
 * left out. Whoever changes the tree meanwhile gets what was there when a file was opened.
 */
int layer_diff(int root, const struct layer_diff_options *options, struct stream_out *out,
	       struct keg_err *err) KEG_MUST_CHECK;

#endif
