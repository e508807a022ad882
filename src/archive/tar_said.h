/* SPDX-License-Identifier: Apache-2.0 */
/* tar_said.h - a header's words for those who repeat them. */
#ifndef KEG_ARCHIVE_TAR_SAID_H
#define KEG_ARCHIVE_TAR_SAID_H

#include "archive/tar_header.h"
#include "archive/tar_meta.h"

/*
 * As Go's reader has it: what is malformed here has no consequences, and counts as not said. `link`
 * is the block's, ended with NUL; what *said points to lives as long as that and `meta`.
 */
void tar_said_take(struct tar_said *said, const struct tar_block *block,
		   const struct tar_meta *meta, const char *link);

#endif
