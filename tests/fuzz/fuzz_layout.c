/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "spec/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	struct docker_archive archive;
	auto(keg_arena) arena = { 0 };

	if (layout_check((const char *)data, size, &err) >= 0)
		return 0;
	if (docker_archive_parse((const char *)data, size, &arena, &archive, &err) < 0)
		return 0;
	return 0;
}
