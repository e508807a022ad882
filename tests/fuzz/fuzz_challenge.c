/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto(keg_arena) arena = { 0 };
	autofree char *line = keg_strndup((const char *)data, size);
	struct challenges out = { 0 };

	challenge_parse(line, &arena, &out);
	challenge_parse(line, &arena, &out);
	return 0;
}
