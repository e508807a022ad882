/* SPDX-License-Identifier: Apache-2.0 */
/* logs.h - reading what a container wrote, from its k8s-file log. */
#ifndef KEG_ENGINE_LOGS_H
#define KEG_ENGINE_LOGS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/container.h"

struct logs_request {
	bool follow;
	int64_t tail;	      /* the last so many lines; < 0: all */
	int64_t since, until; /* nanoseconds since the epoch; 0: no limit */
};

struct logs_line {
	bool is_stderr;
	bool partial;	  /* the line goes on in the next one */
	const char *time; /* as in the log */
	const char *text; /* without the newline */
	size_t len;
};

/*
 * Give each line to `each`; a negative answer ends it. With `follow` until the container has
 * ended. A container without a log of this kind is KEG_EUNSUPPORTED.
 */
int logs_read(struct container *c, const struct logs_request *req,
	      int (*each)(void *ctx, const struct logs_line *line, struct keg_err *err), void *ctx,
	      struct keg_err *err) KEG_MUST_CHECK;

/* "2024-05-01T12:00:00Z", a date, seconds since the epoch, or a duration back from now ("10m"). */
int logs_time_parse(const char *option, const char *text, int64_t *out,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
