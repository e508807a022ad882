/* SPDX-License-Identifier: Apache-2.0 */
/* log_target.h - where --log leads: a file, the system's log, or its journal. */
#ifndef KEG_CMD_KEGRUN_LOG_TARGET_H
#define KEG_CMD_KEGRUN_LOG_TARGET_H

#include "base/err.h"

/* For a file: make it, as both peers do before anything else. "" and NULL are stderr. */
int log_target_prepare(const char *log, struct keg_err *err) KEG_MUST_CHECK;

struct log_entry {
	int priority;	  /* syslog(3) */
	const char *text; /* of one line, without its end */
	const char *line; /* the same with time and level, for a file */
};

/* Says so on stderr when it cannot be written. */
void log_target_write(const char *log, const struct log_entry *entry);

#endif
