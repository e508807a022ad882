/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "spec/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	struct manifest_doc doc;
	struct manifest other;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };

	if (manifest_parse((const char *)data, size, NULL, &arena, &doc, &err) < 0 ||
	    manifest_kind_is_index(doc.kind))
		return 0;
	manifest_emit(&doc.image, &text);
	if (manifest_convert(&doc.image, MANIFEST_DOCKER, &arena, &other, &err) >= 0)
		manifest_emit(&other, &text);
	return 0;
}
