/* SPDX-License-Identifier: Apache-2.0 */
/* ctl.h - the fifos by which clients resize the terminal and have the log reopened. */
#ifndef KEG_MONITOR_CTL_H
#define KEG_MONITOR_CTL_H

#include <stdbool.h>

#include "base/err.h"
#include "monitor/loop.h"

enum { CTL_LINE_MAX = 256, CTL_SIDE_MAX = 1000 };

/* What a line of `ctl` asks for. */
struct ctl_request {
	unsigned verb; /* enum monitor_ctl */
	unsigned height, width;
};

/*
 * Read a line without its newline: "VERB HEIGHT WIDTH", or with `bare_size` "HEIGHT WIDTH"
 * (winsz). More words are ignored, as the peer ignores them. False: malformed or out of
 * range; a terminal over CTL_SIDE_MAX would make programs allocate at a client's will.
 */
bool ctl_parse(const char *line, bool bare_size, struct ctl_request *out);

struct ctl_fifo {
	struct loop_source source;
	bool bare_size, skipping; /* skipping: the rest of a line that was too long */
	size_t len;
	char line[CTL_LINE_MAX];
	struct ctl *ctl;
};

struct ctl {
	struct loop *loop;
	struct ctl_fifo ctl, winsz;
	void (*asked)(const struct ctl_request *request, void *owner);
	void *owner;
};

/* Make both fifos in the bundle, anew, and serve them. */
int ctl_open(struct ctl *ctl, int bundle, struct keg_err *err) KEG_MUST_CHECK;

#endif
