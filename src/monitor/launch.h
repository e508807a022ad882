/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - running the runtime once, to create the container or to start a process in it.
 * It happens in a forked child, so that nothing it reads or allocates stays in the monitor.
 */
#ifndef KEG_MONITOR_LAUNCH_H
#define KEG_MONITOR_LAUNCH_H

#include <sys/types.h>

#include "base/err.h"
#include "monitor/options.h"
#include "monitor/pipes.h"

struct launch {
	const struct monitor_options *opt;
	const struct pipes *pipes;
	const char *pidfile;	    /* where the runtime writes the container's pid */
	const char *console_socket; /* NULL: no terminal */
	const char *oom_score;	    /* what the monitor's own was, for the container; or NULL */
	int errors; /* read end: the built-in runtime's struct keg_err; -1 foreign */
};

/* Start it; the pid is a child of ours. */
int launch_start(struct launch *launch, pid_t *pid, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The runtime ended with wait status `status`. 0 and the container's pid, or what it
 * complained of: the error it handed over, or what stands in the pipe of its stderr.
 */
int launch_result(struct launch *launch, int status, pid_t *container,
		  struct keg_err *err) KEG_MUST_CHECK;

#endif
