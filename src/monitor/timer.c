/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/timer.h"

#include <errno.h>
#include <sys/timerfd.h>

int timer_start(struct loop *loop, struct loop_source *source, int64_t seconds, struct keg_err *err)
{
	const struct itimerspec when = { .it_value.tv_sec = seconds };

	source->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (source->fd < 0 || timerfd_settime(source->fd, 0, &when, NULL) < 0)
		return keg_fail_sys(err, errno, "start a timer");
	return loop_watch(loop, source, EPOLLIN, err);
}
