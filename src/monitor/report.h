/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - the lines for the engine on the sync and attach pipes (protocol.h). */
#ifndef KEG_MONITOR_REPORT_H
#define KEG_MONITOR_REPORT_H

#include <sys/types.h>

#include "base/err.h"
#include "monitor/options.h"

/* Each closes the pipe once it has carried its last line. An engine that left is no error. */

/* The container (or the exec session's process) exists. */
void report_created(struct monitor_options *opt, pid_t pid);

/* It does not; `failure` says why. With `full`, its code and hint go along. */
void report_failure(struct monitor_options *opt, const struct keg_err *failure, bool full);

/* An exec session has ended; `message` may be NULL. */
void report_exec_end(struct monitor_options *opt, int status, const char *message);

/* The attach socket listens. */
void report_attachable(struct monitor_options *opt);

#endif
