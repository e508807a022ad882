/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.h - how the kernel schedules a process (0: the calling one): policy, I/O priority,
 * processors, and the personality that it shows. Names are the OCI specification's.
 */
#ifndef KEG_OS_SCHED_H
#define KEG_OS_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "os/bitlist.h"

struct sched_request {
	const char *policy; /* "SCHED_FIFO" */
	int nice, priority;
	const char *const *flags; /* "SCHED_FLAG_RESET_ON_FORK" */
	size_t n_flags;
	uint64_t runtime, deadline, period;
};

int sched_apply(pid_t pid, const struct sched_request *want, struct keg_err *err) KEG_MUST_CHECK;

/* "IOPRIO_CLASS_BE" and a level of 0 to 7. */
int sched_io_priority(pid_t pid, const char *class, int level, struct keg_err *err) KEG_MUST_CHECK;

int sched_affinity(pid_t pid, const struct bitlist *cpus, struct keg_err *err) KEG_MUST_CHECK;
/*
 * Every processor of our cgroup's cpuset, and those that it gets later. Best effort: where that
 * is refused the affinity stays.
 */
void sched_affinity_reset(void);

/* "LINUX" or "LINUX32". */
int sched_personality(const char *domain, struct keg_err *err) KEG_MUST_CHECK;

#endif
