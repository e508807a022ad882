/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.h - the container's standard input, as a pipe or the terminal's side of one.
 * It never blocks: what the container does not take yet waits, and the clients with it.
 */
#ifndef KEG_MONITOR_INPUT_H
#define KEG_MONITOR_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "monitor/loop.h"

struct input {
	struct loop *loop;
	struct loop_source source; /* fd -1: closed, or there is none */
	char *pending;		   /* not taken yet; owned */
	size_t at, len;
	bool ending; /* close when that is taken */
	/* Called when writing becomes possible again. */
	void (*drained)(void *owner);
	void *owner;
};

/* Take over `fd` (may be -1). */
void input_init(struct input *input, struct loop *loop, int fd);

static inline bool input_is_blocked(const struct input *input)
{
	return input->pending != NULL;
}

/* Only when it is not blocked. Where nothing reads any more the bytes are lost. */
void input_write(struct input *input, const char *data, size_t len);

/* End of file for the container, once it has taken what waits. */
void input_end(struct input *input);

/* At once. */
void input_close(struct input *input);

#endif
