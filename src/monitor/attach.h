/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h - the socket by which clients see a container's output and type its input.
 *
 * A client that reads more slowly than the container writes is served from a spill file,
 * so that neither the container nor its log nor the other clients wait for it, and it
 * loses nothing. Only when it is ATTACH_LAG_MAX behind is the container's output held up,
 * rather than the disk filled.
 */
#ifndef KEG_MONITOR_ATTACH_H
#define KEG_MONITOR_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "monitor/input.h"
#include "monitor/loop.h"
#include "monitor/options.h"
#include "monitor/space.h"
#include "monitor/spill.h"

enum { ATTACH_LAG_MAX = 64 * 1024 * 1024 };

struct attach_client {
	struct attach_client *next;
	struct attach *attach;
	struct loop_source source;
	struct spill spill;
	bool reading; /* its input has not ended */
	bool deaf;    /* it takes no output any more; what it wrote before may still be unread */
};

struct attach {
	struct loop *loop;
	struct monitor_space *space;
	struct input *input;
	bool keep_input; /* --leave-stdin-open */
	bool terminal;	 /* the end of a client's input is not the end of the container's */
	struct loop_source listener;
	struct attach_client *clients;
	int bundle; /* where the socket's name is; not owned */
	bool finishing;
	/* Called when a client that was behind has caught up, or is gone. */
	void (*changed)(void *owner);
	void *owner;
};

/* Listen at BUNDLE/attach, and make SOCKETDIR/CUUID lead there unless --full-attach. */
int attach_listen(struct attach *attach, const struct monitor_options *opt, int bundle,
		  struct keg_err *err) KEG_MUST_CHECK;

/* Take the clients that have connected by now. */
void attach_poll(struct attach *attach);

/* Send a packet (stream byte first) to every client; never waits. */
void attach_send(struct attach *attach, const char *packet, size_t len);

/* Is a client too far behind for more output? */
bool attach_is_full(const struct attach *attach);

/* The input can be written again: let clients type. */
void attach_resume_input(struct attach *attach);

/* The container is over: no new clients, and each one ends when it has all the output. */
void attach_finish(struct attach *attach);

static inline bool attach_is_done(const struct attach *attach)
{
	return attach->finishing && !attach->clients;
}

#endif
