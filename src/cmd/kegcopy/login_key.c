/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegcopy/login_key.h"

#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "spec/reference.h"

int login_key(const char *operand, char **out, struct keg_err *err)
{
	const char *after = keg_str_after(operand, "https://");
	auto(reference) ref = { 0 };

	if (!after)
		after = keg_str_after(operand, "http://");

	autofree char *key = after ? keg_strndup(after, strcspn(after, "/")) : keg_strdup(operand);
	if (!*key || *key == '/')
		return keg_fail(err, KEG_EUSAGE, "\"%s\" names no registry", operand);
	if (strchr(key, '/')) {
		int r = reference_parse_normalized(key, &ref, err);
		if (r < 0)
			return keg_wrap(err, "parse reference from \"%s\"", key);
		if (ref.tag || ref.digest)
			return keg_fail(err, KEG_EUSAGE, "reference \"%s\" contains tag or digest",
					key);
		if (strncmp(key, ref.domain, strlen(ref.domain)) != 0)
			return keg_fail(err, KEG_EUSAGE, "\"%s\" names no registry", operand);
	}
	*out = take_ptr(&key);
	return 0;
}
