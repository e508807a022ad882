/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - waiting for descriptors: one epoll instance and a callback for each source.
 *
 * Events are taken from the kernel one at a time, so a callback may remove and free any
 * source, its own included.
 */
#ifndef KEG_MONITOR_LOOP_H
#define KEG_MONITOR_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"
#include "monitor/space.h"

struct loop_source {
	int fd;		 /* owned; -1 when there is none */
	uint32_t events; /* what is watched now; 0: not in the epoll set */
	void (*ready)(struct loop_source *source, uint32_t events);
	void *owner; /* for the callback */
};

struct loop {
	int epfd;
	bool stopped;
	const struct space_plan *plan; /* what to give back when nothing happens for a moment */
};

int loop_open(struct loop *loop, struct keg_err *err) KEG_MUST_CHECK;

/* Watch for `events` from now on; 0 pauses the source, hang-ups included. */
int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events,
	       struct keg_err *err) KEG_MUST_CHECK;

/* The same for a source that is in the set already, or leaves it: cannot fail. */
void loop_pause(struct loop *loop, struct loop_source *source);

/* Stop watching and close; fine when there is nothing. */
void loop_close_source(struct loop *loop, struct loop_source *source);

/* Serve events until loop_stop(). */
int loop_run(struct loop *loop, struct keg_err *err) KEG_MUST_CHECK;
void loop_stop(struct loop *loop);

#endif
