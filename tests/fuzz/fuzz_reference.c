/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include <string.h>

#include "base/mem.h"
#include "spec/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keg_err err = { 0 };
	auto(reference) ref = { 0 };
	auto(reference) again = { 0 };
	autofree char *text = keg_strndup((const char *)data, size);

	if (reference_parse(text, &ref, &err) < 0)
		return 0;
	autofree char *shown = reference_format(&ref);
	if (strcmp(shown, text) != 0 || reference_parse(shown, &again, &err) < 0)
		keg_bug("a reference does not come back the same");
	reference_normalize(&ref);
	autofree char *familiar = reference_familiar(&ref);

	if (!*familiar)
		keg_bug("a reference without text");
	return 0;
}
