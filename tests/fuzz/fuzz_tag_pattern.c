/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/mem.h"
#include "image/tag_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Nested repetitions cost the C library's compiler more memory than a fuzzer may have. */
	autofree char *text = keg_strndup((const char *)data, size < 40 ? size : 40);
	autoptr(tag_pattern) pattern = NULL;
	struct keg_err err;

	if (tag_pattern_parse(text, &pattern, &err) >= 0)
		(void)tag_pattern_matches(pattern, "v1.2.3-rc.1");
	return 0;
}
