/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "archive/tar_reader.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counts what the reader shows: each byte of the input once. */
static int count(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	(void)bytes;
	(void)err;
	*(size_t *)ctx += len;
	return 0;
}

static int entry_seen(void *ctx, const struct tar_entry *entry, uint64_t stored,
		      struct keg_err *err)
{
	(void)ctx;
	(void)entry;
	(void)stored;
	(void)err;
	return 0;
}

static int content_done(void *ctx, struct keg_err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	size_t seen = 0;
	const struct tar_watch watch = { count, entry_seen, count, content_done, &seen };
	const struct tar_entry *entry;
	const void *bytes;
	uint64_t at;
	size_t len;
	int r;
	autoptr(stream_in) in = stream_in_memory(data, size);
	autoptr(tar_reader) reader = tar_reader_new(in, &watch);

	while ((r = tar_reader_next(reader, &entry, &err)) > 0) {
		while (entry->mode & 1 && tar_reader_data(reader, &bytes, &len, &at, &err) > 0) {
			if (at > entry->size || len > entry->size - at)
				keg_bug("content beyond the end of its file");
		}
	}
	if (r == 0 && seen != size)
		keg_bug("not every byte was shown");
	return 0;
}
