/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.h - noticing that the kernel killed in the container's cgroup for want of memory: on
 * cgroup v1 by an eventfd on memory.oom_control, on v2 by memory.events. The mark is an empty
 * file `oom` in the bundle and in the persistent folder.
 */
#ifndef KEG_MONITOR_OOM_H
#define KEG_MONITOR_OOM_H

#include <sys/types.h>

#include "monitor/loop.h"

struct oom {
	struct loop *loop;
	int bundle;		 /* not owned */
	const char *persist_dir; /* may be NULL */
	struct loop_source source;
	char *folder; /* the group's folder in the memory controller's hierarchy; owned */
	bool v2;
	bool marked;
};

/* Begin; without a memory cgroup nothing is noticed. */
void oom_watch(struct oom *oom, pid_t container);

/* The container has ended: look a last time. */
void oom_finish(struct oom *oom);

#endif
