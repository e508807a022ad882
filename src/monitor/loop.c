/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/loop.h"

#include <errno.h>
#include <unistd.h>

/* Long enough that a container that prints steadily does not have pages dropped each time. */
enum { IDLE_AFTER_MS = 50 };

int loop_open(struct loop *loop, struct keg_err *err)
{
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd < 0)
		return keg_fail_sys(err, errno, "make an epoll instance");
	return 0;
}

int loop_watch(struct loop *loop, struct loop_source *source, uint32_t events, struct keg_err *err)
{
	struct epoll_event event = { .events = events, .data.ptr = source };
	int op = source->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (source->events == events)
		return 0;
	if (events == 0)
		op = EPOLL_CTL_DEL;
	if (epoll_ctl(loop->epfd, op, source->fd, &event) < 0)
		return keg_fail_sys(err, errno, "watch descriptor %d", source->fd);
	source->events = events;
	return 0;
}

void loop_pause(struct loop *loop, struct loop_source *source)
{
	if (source->fd >= 0 && source->events)
		epoll_ctl(loop->epfd, EPOLL_CTL_DEL, source->fd, NULL);
	source->events = 0;
}

void loop_close_source(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	loop_pause(loop, source);
	close(source->fd);
	source->fd = -1;
}

/* An event, or 0 and the next call sleeps without end; negative: errno says why. */
static int wait_event(const struct loop *loop, struct epoll_event *event, bool *idle)
{
	int n = *idle ? space_sleep(loop->plan, loop->epfd, event)
		      : epoll_wait(loop->epfd, event, 1, IDLE_AFTER_MS);

	*idle = n == 0;
	return n;
}

int loop_run(struct loop *loop, struct keg_err *err)
{
	bool idle = false;

	while (!loop->stopped) {
		struct epoll_event event;
		int n = wait_event(loop, &event, &idle);

		if (n < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "wait for events");
		if (n == 1) {
			struct loop_source *source = event.data.ptr;

			source->ready(source, event.events);
		}
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
