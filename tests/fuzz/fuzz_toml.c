/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/json.h"
#include "base/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autojson value = NULL;
	auto(keg_buf) out = { 0 };
	struct keg_err err;

	if (keg_toml_parse((const char *)data, size, &value, &err) >= 0)
		keg_json_print_pretty(value, &out);
	return 0;
}
