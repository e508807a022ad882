/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ready.h - a container's service tells the service manager of the host that it is ready.
 *
 * The manager's own socket stays out of the container, who could send it anything. The container
 * gets the folder `notify` of its state mounted, with a socket of ours in it: bound by who starts
 * the container, it passes on READY=1, beside whose process is to be watched.
 */
#ifndef KEG_RUNTIME_READY_H
#define KEG_RUNTIME_READY_H

#include "runtime/state.h"

/*
 * With a manager in the context: add the mount and NOTIFY_SOCKET to the configuration, in copies
 * that the arena owns.
 */
int ready_offer(const struct runtime_context *ctx, const char *id, struct oci_config *config,
		struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;
/* Make the folder in the container's. */
int ready_make_folder(const struct runtime_context *ctx, int folder,
		      struct keg_err *err) KEG_MUST_CHECK;

struct ready {
	const struct runtime_context *ctx;
	int socket; /* -1: the container cannot say it */
	int host;   /* -1: it did not say it yet */
	pid_t main; /* whom the manager is to watch */
};

/* Before the process executes its command. A container that was made without stays so. */
int ready_open(struct ready *ready, const struct runtime_context *ctx, int folder,
	       const struct oci_config *config, struct keg_err *err) KEG_MUST_CHECK;

/* Take a message; the first that says so is passed on: 1. 0: still waiting, or said before. */
int ready_receive(struct ready *ready, struct keg_err *err) KEG_MUST_CHECK;

/* Until it is ready and the manager knows, or the process of the pidfd has ended. */
int ready_wait(struct ready *ready, int pidfd, struct keg_err *err) KEG_MUST_CHECK;

/* Of one that was opened, or {.socket = -1, .host = -1}. */
void ready_done(struct ready *ready);
KEG_AUTO(ready, ready_done)

#endif
