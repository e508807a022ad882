/* SPDX-License-Identifier: Apache-2.0 */
/* Maps of ids, as /proc and as subuid(5) have them: no range may leave 32 bits or meet another. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/idmap_text.h"

enum { MOST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = keg_strndup((const char *)data, size);
	struct idmap_range ranges[MOST];
	uint64_t next = 1;

	if (idmap_text_parse(text, ranges, MOST) > MOST)
		abort();
	size_t n = idmap_text_parse_sub(text, "keg", 1000, 1, ranges, MOST);
	if (n > MOST)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (ranges[i].inside != next || ranges[i].count == 0)
			abort();
		next += ranges[i].count;
		if (next > UINT32_MAX || (uint64_t)ranges[i].outside + ranges[i].count > UINT32_MAX)
			abort();
	}
	return 0;
}
