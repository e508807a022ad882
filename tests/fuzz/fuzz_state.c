/* SPDX-License-Identifier: Apache-2.0 */
/* A container's state.json: what was accepted must be written so that it reads the same. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) once = { 0 }, twice = { 0 };
	struct state_record record, again;
	struct oci_config config;
	struct keg_err err;

	if (state_parse((const char *)data, size, &record, &arena, &err) < 0)
		return 0;
	state_format(&record, &once);
	if (state_parse(keg_buf_text(&once), once.len, &again, &arena, &err) < 0)
		abort();
	state_format(&again, &twice);
	if (strcmp(keg_buf_text(&once), keg_buf_text(&twice)) != 0)
		abort();
	if (record.config && oci_config_decode(record.config, &config, &arena, &err) >= 0) {
		autojson document = state_document(&record, "running", &config);

		if (!document)
			abort();
	}
	return 0;
}
