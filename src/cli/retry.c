/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/retry.h"

#include <limits.h>

#include "base/clock.h"

#define RETRY_ROWS(times_name)                                                                 \
	OPT_UINT(0, times_name, struct cli_retry, times, "N",                                  \
		 "Number of times to retry after a failure of the network"),                   \
		OPT_STRING(0, "retry-delay", struct cli_retry, delay, "DURATION",              \
			   "Wait that long before each retry (default: one second, then two, " \
			   "four, ...)"),                                                      \
		OPT_END

const struct cli_opt cli_retry_opts[] = { RETRY_ROWS("retry") };
const struct cli_opt cli_retry_times_opts[] = { RETRY_ROWS("retry-times") };

int cli_retry_take(const struct cli_retry *args, struct image_access *out, struct keg_err *err)
{
	int r = 0;

	out->retries = args->times < UINT_MAX ? (unsigned)args->times : UINT_MAX;
	if (args->delay)
		r = keg_duration_parse(args->delay, &out->retry_delay_ns, err);
	return r < 0 ? keg_wrap(err, "invalid --retry-delay \"%s\"", args->delay) : r;
}
