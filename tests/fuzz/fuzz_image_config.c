/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "spec/image_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	struct image_config config;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };

	if (image_config_parse((const char *)data, size, &arena, &config, &err) < 0)
		return 0;
	/* What was accepted can be written and read again. */
	image_config_emit(&config, &text);
	if (image_config_parse(keg_buf_text(&text), text.len, &arena, &config, &err) < 0)
		keg_bug("own output refused");
	return 0;
}
