/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "archive/chunked_toc.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { END = 1 << 20 };

/* Whatever it says, parts of files lie within the blob, one after the other, and make files up. */
static void check(const struct chunked_toc *toc)
{
	uint64_t done = 0;

	for (size_t i = 0; i < toc->n_pieces; i++) {
		const struct chunked_piece *piece = &toc->pieces[i];

		if (piece->at < done || piece->len > END || piece->at > END - piece->len ||
		    piece->size == 0)
			keg_bug("a part out of place");
		done = piece->at + piece->len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto(chunked_toc) toc = { 0 };
	autofree char *text = keg_strndup((const char *)data, size);
	const struct keg_pair pairs[] = {
		{ CHUNKED_CHECKSUM, text },
		{ CHUNKED_POSITION, text },
		{ CHUNKED_SPLIT_POSITION, text },
	};
	struct chunked_layout layout;
	struct keg_err err;

	(void)!chunked_layout_of(pairs, KEG_COUNT(pairs), END, &layout, &err);
	if (chunked_toc_parse((const char *)data, size, END, &toc, &err) >= 0)
		check(&toc);
	return 0;
}
