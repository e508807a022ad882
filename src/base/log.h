/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - debug logging, allowed in any layer; the level is the process's only global.
 * Errors are not logged: they are returned (err.h).
 */
#ifndef KEG_BASE_LOG_H
#define KEG_BASE_LOG_H

#include <stdbool.h>

#include "base/auto.h"

enum keg_log_level { KEG_LOG_ERROR, KEG_LOG_WARN, KEG_LOG_INFO, KEG_LOG_DEBUG, KEG_LOG_TRACE };

/* Messages above `level` are dropped; the start is KEG_LOG_WARN. */
void keg_log_set_level(enum keg_log_level level);
bool keg_log_wants(enum keg_log_level level);

/* One line to stderr in the peers' form: time="..." level=debug msg="..." */
void keg_log(enum keg_log_level level, const char *fmt, ...) KEG_PRINTF(2, 3);

/* Arguments are not evaluated unless the level is wanted. */
#define keg_debug(...) \
	((void)(keg_log_wants(KEG_LOG_DEBUG) ? keg_log(KEG_LOG_DEBUG, __VA_ARGS__) : (void)0))
#define keg_warn(...) \
	((void)(keg_log_wants(KEG_LOG_WARN) ? keg_log(KEG_LOG_WARN, __VA_ARGS__) : (void)0))

#endif
