/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - errors and warnings where and how --log and --log-format want them, as runc's. */
#ifndef KEG_CMD_KEGRUN_LOG_H
#define KEG_CMD_KEGRUN_LOG_H

#include <stdbool.h>

#include "base/err.h"

/* The words of --log-level and --log are good, and the log can be written. */
int kegrun_log_check(const void *globals, struct keg_err *err) KEG_MUST_CHECK;
bool kegrun_log_wants_debug(const void *globals);

/* An error: to the log; and, when that is a file, plain to stderr. */
void kegrun_log_error(const void *globals, const struct keg_err *err);
/* A warning, and a step; they fit struct runtime_context. */
void kegrun_log_warning(void *globals, const char *text);
void kegrun_log_debug(void *globals, const char *text);

#endif
