/* SPDX-License-Identifier: Apache-2.0 */
/* pipes.h - the descriptors between a container and its monitor: both ends of its stdio. */
#ifndef KEG_MONITOR_PIPES_H
#define KEG_MONITOR_PIPES_H

#include <stdbool.h>

#include "base/err.h"

struct pipes {
	int child[3]; /* what the runtime gets as 0, 1, 2 */
	int own[3];   /* our ends, non-blocking; -1 where there is none */
};

/*
 * `with_input`: 0 is a pipe, else /dev/null. `terminal`: the container will have one of its
 * own, so 0 and 1 are /dev/null, and 2 carries the runtime's complaints alone.
 */
int pipes_open(struct pipes *pipes, bool with_input, bool terminal,
	       struct keg_err *err) KEG_MUST_CHECK;

/* Ours for all three: what the container writes is not seen here. */
int pipes_pass_through(struct pipes *pipes, struct keg_err *err) KEG_MUST_CHECK;

/* Once the container has its copies. */
void pipes_close_child(struct pipes *pipes);

#endif
