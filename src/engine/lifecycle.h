/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle.h - start, stop, kill, wait for and remove a container. */
#ifndef KEG_ENGINE_LIFECYCLE_H
#define KEG_ENGINE_LIFECYCLE_H

#include "engine/container.h"
#include "engine/monitor_start.h"

/*
 * Bring a locked container, created or exited, to where only lifecycle_begin() is missing: its
 * root mounted, the monitor running, the process waiting. Output that is wanted from its
 * very start is attached to in between. A failure leaves it as it was, with the reason in its
 * state.
 */
int lifecycle_start(struct container *c, bool foreground, struct monitor_link *link,
		    struct keg_err *err) KEG_MUST_CHECK;
/* Let the process run, and the monitor know. On failure all is undone as above. */
int lifecycle_begin(struct container *c, const struct monitor_link *link,
		    struct keg_err *err) KEG_MUST_CHECK;

/*
 * After its end: have the runtime forget it, unmount, keep the exit status; one of --rm is
 * removed. The container is locked. Does nothing for one that runs, or the second time.
 */
int lifecycle_cleanup(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

/*
 * As lifecycle_cleanup() after a crash: also one whose start was interrupted, and its control
 * group, which the runtime may not know of.
 */
int lifecycle_reset(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

/* Send a signal to its first process: KEG_EBUSY "can only kill running containers..." else. */
int lifecycle_kill(struct container *c, int sig, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Its stop signal, then after `seconds` (< 0: its own stop timeout) SIGKILL; waits for its end
 * and cleans up. 1 when SIGKILL was needed, 0 otherwise; one that does not run is fine (0).
 */
int lifecycle_stop(struct container *c, int64_t seconds, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Wait until it has ended (or, `milliseconds` >= 0, for so long): 1 and c->state is final, or 0.
 * Not locked: others may start, stop or remove it meanwhile.
 */
int lifecycle_wait(struct container *c, int milliseconds, struct keg_err *err) KEG_MUST_CHECK;

struct lifecycle_remove {
	bool force;	 /* also when it runs: killed after `seconds` */
	bool volumes;	 /* with its anonymous volumes */
	int64_t seconds; /* < 0: its stop timeout */
};
/* Remove it; locks by itself. KEG_EBUSY when it runs and `force` is not set. */
int lifecycle_remove(struct container *c, const struct lifecycle_remove *how,
		     struct keg_err *err) KEG_MUST_CHECK;

#endif
