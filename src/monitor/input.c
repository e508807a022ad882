/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/input.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

void input_close(struct input *input)
{
	loop_close_source(input->loop, &input->source);
	free(input->pending);
	input->pending = NULL;
	input->len = input->at = 0;
}

static void on_writable(struct loop_source *source, uint32_t events)
{
	struct input *input = source->owner;
	ssize_t n = write(source->fd, input->pending + input->at, input->len - input->at);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		input_close(input);
	} else {
		input->at += (size_t)n;
		if (input->at < input->len)
			return;
		free(take_ptr(&input->pending));
		loop_pause(input->loop, source);
		if (input->ending)
			input_close(input);
	}
	if (input->drained)
		input->drained(input->owner);
}

void input_init(struct input *input, struct loop *loop, int fd)
{
	input->loop = loop;
	input->source = (struct loop_source){ .fd = fd, .ready = on_writable, .owner = input };
}

void input_write(struct input *input, const char *data, size_t len)
{
	struct keg_err err;

	if (input->source.fd < 0)
		return;

	ssize_t n = write(input->source.fd, data, len);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		input_close(input); /* the container closed its end */
		return;
	}
	size_t done = n < 0 ? 0 : (size_t)n;
	if (done == len)
		return;
	input->pending = keg_memdup(data + done, len - done);
	input->at = 0;
	input->len = len - done;
	if (loop_watch(input->loop, &input->source, EPOLLOUT, &err) < 0) {
		keg_debug("stdin: %s", err.msg);
		input_close(input);
	}
}

void input_end(struct input *input)
{
	input->ending = true;
	if (!input_is_blocked(input))
		input_close(input);
}
