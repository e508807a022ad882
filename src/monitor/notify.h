/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - passing on that a container's service is ready (sd_notify(3)). The container
 * gets BUNDLE/notify/notify.sock mounted by its engine; the host's socket takes from it
 * READY=1 and nothing else, for what a container says is not to be trusted.
 */
#ifndef KEG_MONITOR_NOTIFY_H
#define KEG_MONITOR_NOTIFY_H

#include "base/err.h"
#include "monitor/loop.h"
#include "monitor/options.h"

struct notify {
	struct loop *loop;
	struct loop_source source;
	const char *host; /* the path of the host's socket, or "@abstract" */
};

int notify_open(struct notify *notify, const struct monitor_options *opt, int bundle,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
