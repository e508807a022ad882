/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_start.h - starting the process that stays with a container: kegmon, or with --conmon
 * another that speaks conmon's protocol (monitor/protocol.h).
 */
#ifndef KEG_ENGINE_MONITOR_START_H
#define KEG_ENGINE_MONITOR_START_H

#include <stdbool.h>

#include "engine/container.h"

/*
 * Our side of a running monitor. As long as it is open and monitor_started() was not called,
 * kegmon takes its end, and so our death, as the wish to have the container killed.
 */
struct monitor_link {
	int client; /* kegmon's --keg-client-fd: it says the exit status there; -1: none */
};
#define MONITOR_LINK_INIT    \
	{                    \
		.client = -1 \
	}
void monitor_link_done(struct monitor_link *link);
KEG_AUTO(monitor_link, monitor_link_done)

struct monitor_request {
	bool foreground; /* we stay */
	/* An exec session: its id, and the process for the runtime (a file's path). NULL: none. */
	const char *exec_id, *process_file;
	bool tty, interactive;
};

/*
 * Start it, have it create the container (or run the exec session) and return the pid of the
 * container's first process. The errors of the runtime come back with its codes. While it
 * waits, signals that ask a program to end do so even where they are blocked.
 */
int monitor_start(struct container *c, const struct monitor_request *req, struct monitor_link *link,
		  struct keg_err *err) KEG_MUST_CHECK;

/* The container (or the exec session's process) runs: from now on it outlives us. */
void monitor_started(const struct monitor_link *link);

/* The pid that the monitor left in its file, or 0. */
pid_t monitor_pid(const struct container *c);

/* Where a program of ours is: beside this one, or installed. The caller frees. */
char *monitor_program(const char *name);

#endif
