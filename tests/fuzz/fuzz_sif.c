/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/mem.h"
#include "spec/sif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file whose table begins right behind its header; and its bytes as a definition. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = keg_strndup((const char *)data, size);
	auto(keg_buf) script = { 0 };
	struct keg_err err;
	struct sif sif;

	if (sif_parse_header(data, size, &sif, &err) >= 0)
		(void)!sif_parse_table(data + SIF_HEADER_LEN, size - SIF_HEADER_LEN, size, &sif,
				       &err);
	(void)!sif_script(text, &script);
	return 0;
}
