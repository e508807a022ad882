/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "image/semver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A range, and behind a newline a tag. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = keg_strndup((const char *)data, size);
	char *tag = strchr(text, '\n');
	autoptr(semver_range) range = NULL;
	struct keg_err err;

	if (tag)
		*tag++ = '\0';
	if (semver_range_parse(text, &range, &err) >= 0)
		(void)semver_range_has(range, tag ? tag : text);
	return 0;
}
