/* SPDX-License-Identifier: Apache-2.0 */
/* tar_rebuild.h - the plain tar again, of a tar-split and of files that may be anywhere. */
#ifndef KEG_ARCHIVE_TAR_REBUILD_H
#define KEG_ARCHIVE_TAR_REBUILD_H

#include "archive/stream.h"

/* Where contents come from: they are asked for in the order of the tar. */
struct tar_contents {
	/* A new stage with the content of the member, which has `size` bytes, more than none. */
	int (*open)(void *ctx, const char *name, uint64_t size, struct stream_in **out,
		    struct keg_err *err);
	void *ctx;
};

/*
 * A stage that gives the tar. `split` (decompressed) is taken over. Content of another size than
 * the tar-split says is KEG_ECORRUPT; its checksums are not looked at: whoever takes the tar
 * knows its digest.
 */
struct stream_in *stream_in_rebuilt(struct stream_in *split, const struct tar_contents *contents);

#endif
