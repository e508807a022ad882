/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ending.h - what is left to do when a container has ended: record its exit status, let the
 * client clean up, or run the exit command when there is none (protocol.h). Until then it
 * watches whether the client that is to start the container is still there.
 */
#ifndef KEG_MONITOR_ENDING_H
#define KEG_MONITOR_ENDING_H

#include <stdbool.h>
#include <sys/types.h>

#include "monitor/loop.h"
#include "monitor/options.h"

struct ending {
	struct loop *loop;
	const struct monitor_options *opt;
	struct loop_source client, delay;
	pid_t command; /* the exit command's process; 0: none runs */
	bool done;
	/* The client went without having started the container. */
	void (*abandoned)(void *owner);
	/* Called when `done` becomes true. */
	void (*finished)(void *owner);
	void *owner;
};

/* Begin to watch the client; fine when there is none. */
int ending_watch_client(struct ending *ending, struct keg_err *err) KEG_MUST_CHECK;

/* Write the exit files, then the rest as described above. `status` may be -1 (timed out). */
void ending_start(struct ending *ending, int status);

/* Our child `pid` is gone: was it the exit command? */
void ending_reaped(struct ending *ending, pid_t pid);

#endif
