/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h - the options that say how often, and how soon, a transfer is tried again. */
#ifndef KEG_CLI_RETRY_H
#define KEG_CLI_RETRY_H

#include "cli/cli.h"
#include "image/access.h"

struct cli_retry {
	uint64_t times;
	const char *delay;
};
extern const struct cli_opt cli_retry_opts[];	    /* --retry, as Podman calls it */
extern const struct cli_opt cli_retry_times_opts[]; /* --retry-times, as Skopeo does */

int cli_retry_take(const struct cli_retry *args, struct image_access *out,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
