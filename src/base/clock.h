/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - instants as RFC 3339 text and as people say them, and Go durations. */
#ifndef KEG_BASE_CLOCK_H
#define KEG_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/err.h"

#define KEG_NS_PER_S INT64_C(1000000000)

/* Now, CLOCK_REALTIME. */
struct timespec keg_now(void);

/* CLOCK_MONOTONIC in nanoseconds: for distances and deadlines. */
int64_t keg_monotonic_ns(void);

/* "2024-05-01T12:00:00.123456789Z" with as many digits as needed; the caller frees. */
char *keg_time_format(struct timespec t);
/* The same with the local zone's offset and always nine digits, as k8s-file logs want it. */
char *keg_time_format_local(struct timespec t);
/* RFC 3339 with any offset; KEG_EUSAGE otherwise. */
int keg_time_parse(const char *text, struct timespec *out, struct keg_err *err) KEG_MUST_CHECK;

/* Seconds as go-units' HumanDuration: "Less than a second", "5 minutes", "About an hour". */
char *keg_duration_human(int64_t seconds);

/* A Go duration such as "1h30m", "10s", "250ms" in nanoseconds; plain digits are seconds. */
int keg_duration_parse(const char *text, int64_t *ns, struct keg_err *err) KEG_MUST_CHECK;

#endif
