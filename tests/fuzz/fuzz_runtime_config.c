/* SPDX-License-Identifier: Apache-2.0 */
/* What was accepted must be emitted so that it is accepted again, and means the same. */
#include <stdlib.h>
#include <string.h>

#include "spec/runtime_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) once = { 0 }, twice = { 0 };
	struct oci_config config;
	struct keg_err err;

	if (oci_config_parse((const char *)data, size, &config, &arena, &err) < 0)
		return 0;
	autojson first = oci_config_encode(&config);
	keg_json_print(first, &once);
	if (oci_config_decode(first, &config, &arena, &err) < 0)
		abort();
	autojson second = oci_config_encode(&config);
	keg_json_print(second, &twice);
	if (strcmp(keg_buf_text(&once), keg_buf_text(&twice)) != 0)
		abort();
	return 0;
}
