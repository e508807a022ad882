/* SPDX-License-Identifier: Apache-2.0 */
/* spill.h - big things that must be read twice, in files without a name. */
#ifndef KEG_IMAGE_SPILL_H
#define KEG_IMAGE_SPILL_H

#include "archive/compress.h"
#include "archive/stream_tap.h"

/* The folder for big temporary files: `tmpdir`, or when NULL $TMPDIR, then /var/tmp. */
const char *image_tmpdir(const char *tmpdir);
/* A new folder in there, for the owner alone, `what` in its name; the caller frees and removes. */
int image_tmp_folder(const char *tmpdir, const char *what, char **out,
		     struct keg_err *err) KEG_MUST_CHECK;

/* An unnamed file that the caller closes, and a stream into it with a descriptor of its own. */
int image_spill_open(const char *tmpdir, int *fd, struct stream_out **to,
		     struct keg_err *err) KEG_MUST_CHECK;

/*
 * All of `from`, which stays the caller's, in an unnamed file; the descriptor stands at its
 * beginning. `tap` (may be NULL) counts and hashes what passes.
 */
int image_spill(struct stream_in *from, const char *tmpdir, struct stream_tap *tap,
		struct keg_err *err) KEG_MUST_CHECK;

/* A layer in a file: its digest and size as it is, and the digest of what it unpacks to. */
struct image_measures {
	char digest[7 + KEG_SHA256_HEX + 1], diff_id[7 + KEG_SHA256_HEX + 1];
	enum compression packing;
	uint64_t size;
};
int image_measure(int fd, struct image_measures *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
