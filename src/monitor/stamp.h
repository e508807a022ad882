/* SPDX-License-Identifier: Apache-2.0 */
/* stamp.h - the time of a log line, RFC 3339 with nanoseconds and the local zone's offset. */
#ifndef KEG_MONITOR_STAMP_H
#define KEG_MONITOR_STAMP_H

#include <stddef.h>
#include <time.h>

enum { STAMP_LEN = 35 }; /* 2024-05-01T12:00:00.123456789+02:00 */

/* Start from {0}. The zone is looked up again every quarter of an hour: offsets change then. */
struct stamp {
	time_t zone_until, second;
	long offset;
	char text[STAMP_LEN + 1];
};

/* The text for `now`, within *stamp; valid until the next call. */
const char *stamp_text(struct stamp *stamp, struct timespec now);

#endif
