/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/matching.h"

#include <regex.h>

#include "cmd/kegrun/log.h"

int matching_each(const struct cli_call *call, const char *pattern,
		  int (*act)(const struct kegrun_context *ctx, const char *id, const void *data,
			     struct keg_err *err),
		  const void *data, struct keg_err *err)
{
	auto(kegrun_context) ctx = { 0 };
	auto(keg_strv) ids = { 0 };
	regex_t regex;
	int status = EXIT_SUCCESS;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return keg_fail(err, KEG_EUSAGE, "invalid regular expression %s", pattern);
	kegrun_context_init(&ctx, call);
	int r = runtime_list(&ctx.runtime, &ids, err);
	for (size_t i = 0; i < ids.n; i++) {
		struct keg_err failed = { 0 };

		if (regexec(&regex, ids.v[i], 0, NULL, 0) != 0 ||
		    act(&ctx, ids.v[i], data, &failed) >= 0)
			continue;
		kegrun_log_error(call->globals, &failed);
		status = EXIT_FAILURE;
	}
	regfree(&regex);
	return r < 0 ? r : status;
}
