/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.h - one stream that the container writes: a pipe, or the terminal's side of one.
 * What comes goes to the log first, then to the clients.
 */
#ifndef KEG_MONITOR_OUTPUT_H
#define KEG_MONITOR_OUTPUT_H

#include "monitor/attach.h"
#include "monitor/ctrlog.h"
#include "monitor/loop.h"

struct output {
	struct loop *loop;
	struct monitor_space *space;
	struct ctrlog *log;
	struct attach *attach;
	enum monitor_stream stream;
	struct loop_source source;
};

/* Read from `fd`, non-blocking, which the output owns from now on. */
int output_start(struct output *output, int fd, struct keg_err *err) KEG_MUST_CHECK;

/* Go on reading after clients have caught up; pause while one is too far behind. */
void output_rewatch(struct output *output);

/* Read what is there without waiting for more, then close: nobody writes any more. */
void output_drain(struct output *output);

#endif
