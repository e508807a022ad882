/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's schema 1: whatever is read can be written and read again, and has a configuration. */
#include <stdint.h>
#include <stdlib.h>

#include "spec/schema1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	struct schema1 image, again;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) payload = { 0 }, written = { 0 }, config = { 0 };

	(void)!schema1_payload(data, size, &payload, &err);
	if (schema1_parse((const char *)data, size, &arena, &image, &err) < 0)
		return 0;
	schema1_emit(&image, &written);
	if (schema1_parse(written.data, written.len, &arena, &again, &err) < 0 ||
	    again.n_layers != image.n_layers)
		abort();
	(void)!schema1_config(&image, NULL, 0, &config, &err);
	return 0;
}
