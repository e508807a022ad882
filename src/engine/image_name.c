/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_name.h"

#include "spec/reference.h"

int image_name_to_give(const char *text, char **out, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	if (reference_parse(text, &ref, err) < 0)
		return keg_wrap(err, "%s", text);
	if (ref.digest)
		return keg_fail(err, KEG_EUSAGE, "%s: tag by digest not supported", text);
	if (!ref.domain)
		reference_set_domain(&ref, "localhost");
	reference_add_latest(&ref);
	*out = reference_format(&ref);
	return 0;
}
