/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - something to do once, after so many seconds. */
#ifndef KEG_MONITOR_TIMER_H
#define KEG_MONITOR_TIMER_H

#include <stdint.h>

#include "monitor/loop.h"

/* Call `ready` (source->ready and source->owner are set by the caller) in `seconds`. */
int timer_start(struct loop *loop, struct loop_source *source, int64_t seconds,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
