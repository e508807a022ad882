/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - the socket on which a runtime hands over a container's terminal. */
#ifndef KEG_MONITOR_CONSOLE_H
#define KEG_MONITOR_CONSOLE_H

#include "base/err.h"
#include "monitor/loop.h"

struct console {
	struct loop *loop;
	char *dir, *path; /* owned; the path is what --console-socket takes */
	struct loop_source listener;
	/* Takes over the terminal's descriptor, non-blocking. */
	void (*arrived)(int master, void *owner);
	void *owner;
};

/* Listen in a folder of our own with a short name: runtimes connect by path. */
int console_open(struct console *console, struct keg_err *err) KEG_MUST_CHECK;

/* Take a terminal that a runtime has sent already, if any, without waiting. */
void console_poll(struct console *console);

/* Stop listening and remove the socket and its folder; fine when there is none. */
void console_close(struct console *console);

#endif
