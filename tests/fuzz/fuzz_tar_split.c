/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdint.h>

#include "archive/tar_split.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Against a tree that must not be left: a folder without files. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	auto(keg_buf) tar = { 0 };
	autofd int tree = open("/proc/self/fdinfo", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoptr(stream_in) in = stream_in_memory(data, size);
	autoptr(stream_out) out = stream_out_buf(&tar);

	if (tree < 0 || tar_split_assemble(in, tree, out, &err) < 0)
		return 0;
	if (tar.len > size)
		keg_bug("more raw bytes than the record holds");
	return 0;
}
