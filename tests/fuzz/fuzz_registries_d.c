/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "image/registries_d.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct image_access access = { 0 };
	auto(registries_d) config = { 0 };
	auto(signature_place) place = { 0 };
	auto(reference) ref = { 0 };
	struct keg_err err;

	if (registries_d_add(&config, (const char *)data, size, "x.yaml", &err) < 0)
		return 0;
	if (reference_parse_normalized("q.io/a:1", &ref, &err) >= 0)
		(void)!registries_d_find(&config, &access, &ref, &place, &err);
	return 0;
}
