/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.h - becoming a process of its own that outlives the engine. */
#ifndef KEG_MONITOR_DAEMON_H
#define KEG_MONITOR_DAEMON_H

#include <stddef.h>

#include "base/err.h"
#include "monitor/options.h"

/*
 * Fork, unless --sync: 1 in the first process, which is to end now, the monitor's pid being in
 * its pidfile; 0 in the monitor, which leads a session and adopts orphans.
 */
int daemon_start(const struct monitor_options *opt, struct keg_err *err) KEG_MUST_CHECK;

/* /dev/null as 0, 1 and 2: whoever reads the other ends is not to wait for us. */
int daemon_mute(struct keg_err *err) KEG_MUST_CHECK;

/*
 * Close the descriptors meant for the runtime, that is all that would survive an exec, so
 * that we hold nobody's pipe open.
 */
void daemon_close_inherited(void);

/*
 * The reverse, for a child that goes on without an exec: close what an exec would, but for
 * `keep` (-1 for none), so that it holds none of our pipes open.
 */
void daemon_close_own(const int *keep, size_t n);

#endif
