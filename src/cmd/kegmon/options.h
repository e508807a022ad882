/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - kegmon's command line and environment. */
#ifndef KEG_CMD_KEGMON_OPTIONS_H
#define KEG_CMD_KEGMON_OPTIONS_H

#include "cli/cli.h"
#include "monitor/options.h"

struct kegmon_args {
	struct monitor_options m;
	const char *log_level;
	bool version, syslog;
};

extern const struct cli_opt kegmon_opts[];

/* The pipes that _OCI_SYNCPIPE and its kin name. */
int kegmon_read_environment(struct monitor_options *opt, struct keg_err *err) KEG_MUST_CHECK;

#endif
