/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor.h - the life of a monitor, from its options to its end; protocol.h tells what an
 * engine sees of it.
 *
 * Files: loop.c waits; daemon.c leaves the engine; launch.c runs the runtime, builtin.c our own;
 * pipes.c and console.c get the container's stdio, output.c and input.c carry it; ctrlog.c logs
 * it through logfile.c and journal.c; attach.c serves clients, spill.c the slow ones; ctl.c
 * takes requests; oom.c, notify.c and timer.c watch; report.c and ending.c tell; space.c keeps
 * all that small.
 */
#ifndef KEG_MONITOR_MONITOR_H
#define KEG_MONITOR_MONITOR_H

#include "base/err.h"
#include "monitor/options.h"

/*
 * Returns the exit status: 0 in the first process as soon as there is a monitor, in the
 * monitor when all is over. An error is to be printed; in the monitor it has been reported.
 */
int monitor_run(struct monitor_options *opt, struct keg_err *err) KEG_MUST_CHECK;

#endif
