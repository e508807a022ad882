/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "archive/compress.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MOST = 1 << 20 };
	struct keg_err err = { 0 };
	struct stream_in *stage;
	auto(keg_buf) out = { 0 };
	struct stream_in *from = stream_in_memory(data, size);

	if (stream_decompress(from, MOST, NULL, &stage, &err) < 0) {
		stream_in_close(from);
		return 0;
	}
	if (stream_read_all(stage, SIZE_MAX, &out, &err) < 0)
		err.code = KEG_OK; /* damage is the usual case */
	if (out.len > MOST)
		keg_bug("more than the limit came out");
	stream_in_close(stage);
	return 0;
}
