/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h - how a process is to be scheduled: policy, I/O, processors, memory, personality. */
#ifndef KEG_RUNTIME_SCHEDULE_H
#define KEG_RUNTIME_SCHEDULE_H

#include <sys/types.h>

#include "spec/runtime_config.h"

/* Everything that is said about it, before anything is cloned. */
int schedule_check(const struct oci_process *process, struct keg_err *err) KEG_MUST_CHECK;
int schedule_check_memory(const struct oci_linux *os, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Policy and I/O priority of a process (0: our own), with the host's privileges and when it is
 * in its cgroup: what the kernel refuses depends on the cpuset, which `cpus` names for the error
 * (NULL: none is set).
 */
int schedule_apply(pid_t pid, const struct oci_process *process, const char *cpus,
		   struct keg_err *err) KEG_MUST_CHECK;

/*
 * The calling process' processors, before and after it enters its cgroup. Without any given ours,
 * which a caller may have narrowed for himself, are given up for all of the cgroup's.
 */
int schedule_affinity_initial(const struct oci_cpu_affinity *want,
			      struct keg_err *err) KEG_MUST_CHECK;
int schedule_affinity_final(const struct oci_cpu_affinity *want,
			    struct keg_err *err) KEG_MUST_CHECK;

/* Personality and memory policy of the calling process, inside the container. */
int schedule_inside(const struct oci_linux *os, struct keg_err *err) KEG_MUST_CHECK;

#endif
