/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.h - how the kernel schedules the calling process: policy, I/O priority, processors,
 * memory nodes, and the personality that it shows. Names are the OCI specification's.
 */
#ifndef KEG_OS_SCHED_H
#define KEG_OS_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sched_request {
	const char *policy; /* "SCHED_FIFO" */
	int nice, priority;
	const char *const *flags; /* "SCHED_FLAG_RESET_ON_FORK" */
	size_t n_flags;
	uint64_t runtime, deadline, period;
};

int sched_apply(const struct sched_request *want, struct keg_err *err) KEG_MUST_CHECK;

/* "IOPRIO_CLASS_BE" and a level of 0 to 7. */
int sched_io_priority(const char *class, int level, struct keg_err *err) KEG_MUST_CHECK;

/* Processors as a list such as "0-3,7". */
int sched_affinity(const char *cpus, struct keg_err *err) KEG_MUST_CHECK;

/* "MPOL_BIND", nodes as a list, "MPOL_F_STATIC_NODES". */
int sched_memory_policy(const char *mode, const char *nodes, const char *const *flags,
			size_t n_flags, struct keg_err *err) KEG_MUST_CHECK;

/* The n-th mode, the n-th flag that it takes, or NULL. */
const char *sched_memory_mode_name(size_t n);
const char *sched_memory_flag_name(size_t n);

/* "LINUX" or "LINUX32". */
int sched_personality(const char *domain, struct keg_err *err) KEG_MUST_CHECK;

#endif
