/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/json.h"
#include "image/yaml_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autojson root = NULL;
	struct keg_err err;

	(void)!yaml_tree_parse((const char *)data, size, &root, &err);
	return 0;
}
