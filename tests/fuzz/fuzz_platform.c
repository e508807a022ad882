/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/mem.h"
#include "spec/platform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	struct platform platform, host;
	auto(keg_arena) arena = { 0 };
	autofree char *text = keg_strndup((const char *)data, size);

	if (platform_parse(text, &arena, &platform, &err) < 0)
		return 0;
	platform_host(&host);
	platform_distance(&host, &platform);
	autofree char *shown = platform_format(&platform);

	if (!*shown)
		keg_bug("a platform without text");
	return 0;
}
