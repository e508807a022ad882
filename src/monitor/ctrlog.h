/* SPDX-License-Identifier: Apache-2.0 */
/* ctrlog.h - where a container's output is kept: every --log-path, and its limits. */
#ifndef KEG_MONITOR_CTRLOG_H
#define KEG_MONITOR_CTRLOG_H

#include "monitor/journal.h"
#include "monitor/logfile.h"
#include "monitor/options.h"
#include "monitor/space.h"

struct ctrlog {
	struct monitor_space *space;
	struct logfile file;
	struct journal journal;
	bool passthrough; /* the container writes to our own stdout and stderr */
};

/* Read the --log-path words and open what they name. */
int ctrlog_open(struct ctrlog *log, const struct monitor_options *opt, struct monitor_space *space,
		struct keg_err *err) KEG_MUST_CHECK;

void ctrlog_write(struct ctrlog *log, enum monitor_stream stream, const char *data, size_t len);

#endif
