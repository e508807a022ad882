/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h - our terminal or pipes, connected to a container's streams through its monitor.
 */
#ifndef KEG_ENGINE_ATTACH_H
#define KEG_ENGINE_ATTACH_H

#include <stdbool.h>

#include "engine/container.h"
#include "engine/detach_keys.h"

struct attach_request {
	bool in, out, err;	 /* the streams that are wanted */
	bool proxy_signals;	 /* what we get, the container gets */
	struct detach_keys keys; /* of a terminal */
	int client;		 /* monitor_link.client, or -1 */
	/* Called once when it goes on longer than that; NULL: not. */
	void (*later)(void *ctx);
	void *later_ctx;
	int later_ms;
};

enum attach_end {
	ATTACH_ENDED,	 /* the container has ended */
	ATTACH_DETACHED, /* the user typed the keys; it goes on */
};

/* Connect to the monitor: before lifecycle_begin() nothing is missed. The caller owns it. */
int attach_open(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Block, from before the container runs, the signals that attach_run() will pass on: they
 * wait for it instead of killing us.
 */
void attach_block_signals(void);

/*
 * Pass everything on until the end; returns an enum attach_end. *status is the exit status when
 * the monitor told it (a client link), else -1: see lifecycle_wait(). A terminal of ours is in
 * raw mode meanwhile if the container has one. `socket` -1: no stream is wanted.
 */
int attach_run(struct container *c, int socket, const struct attach_request *req, int *status,
	       struct keg_err *err) KEG_MUST_CHECK;

#endif
