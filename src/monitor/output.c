/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/output.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"

/* False: nothing there now, or never again. */
static bool read_once(struct output *output)
{
	char *packet = output->space->packet;
	ssize_t n = read(output->source.fd, packet + 1, MONITOR_CHUNK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) { /* a terminal without processes says EIO */
		loop_close_source(output->loop, &output->source);
		return false;
	}
	packet[0] = (char)output->stream;
	ctrlog_write(output->log, output->stream, packet + 1, (size_t)n);
	attach_send(output->attach, packet, (size_t)n + 1);
	return true;
}

static void on_readable(struct loop_source *source, uint32_t events)
{
	struct output *output = source->owner;

	(void)events;
	if (read_once(output) && attach_is_full(output->attach))
		loop_pause(output->loop, source);
}

int output_start(struct output *output, int fd, struct keg_err *err)
{
	output->source = (struct loop_source){ .fd = fd, .ready = on_readable, .owner = output };
	return loop_watch(output->loop, &output->source, EPOLLIN, err);
}

void output_rewatch(struct output *output)
{
	struct keg_err err;

	if (output->source.fd < 0)
		return;
	if (attach_is_full(output->attach))
		loop_pause(output->loop, &output->source);
	else if (loop_watch(output->loop, &output->source, EPOLLIN, &err) < 0)
		keg_debug("output: %s", err.msg);
}

void output_drain(struct output *output)
{
	while (output->source.fd >= 0 && read_once(output))
		;
	loop_close_source(output->loop, &output->source);
}
