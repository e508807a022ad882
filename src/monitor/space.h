/* SPDX-License-Identifier: Apache-2.0 */
/*
 * space.h - the buffers of a monitor and what of its memory it gives back when idle.
 *
 * A monitor sleeps nearly all its life, once per container, so what it keeps resident
 * counts more than what it uses. Buffers live in one mapping whose contents nobody needs
 * between two events; it is dropped when nothing happens for a moment, and so are the
 * pages of code and constants, which the kernel reads again from the file when needed.
 */
#ifndef KEG_MONITOR_SPACE_H
#define KEG_MONITOR_SPACE_H

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "base/err.h"
#include "monitor/protocol.h"

enum { SPACE_LOG = 16384, SPACE_STDIN = 32768, SPACE_MESSAGE = 1024 };

struct monitor_space {
	char packet[1 + MONITOR_CHUNK]; /* one read of the container's output, stream first */
	char replay[1 + MONITOR_CHUNK]; /* a packet on its way from a spill to a client */
	char log[SPACE_LOG];		/* lines on their way to a log */
	char input[SPACE_STDIN];	/* one packet of a client */
};

int space_map(struct monitor_space **out, struct keg_err *err) KEG_MUST_CHECK;

/* What to give back before sleeping; made once, because finding out touches pages. */
struct space_plan {
	struct iovec drop[8];
	size_t n;
};

void space_plan(struct space_plan *plan, struct monitor_space *space);

/* Give it all back and wait for one event as epoll_wait(2) without a time limit. */
int space_sleep(const struct space_plan *plan, int epfd, struct epoll_event *event);

#endif
