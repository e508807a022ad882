/* SPDX-License-Identifier: Apache-2.0 */
/* reporter.h - one progress callback for many threads: serialized, and not too often. */
#ifndef KEG_IMAGE_REPORTER_H
#define KEG_IMAGE_REPORTER_H

#include <pthread.h>
#include <stdbool.h>

#include "image/progress.h"
#include "image/transport.h"

struct image_reporter {
	struct image_progress to;
	pthread_mutex_t lock;  /* of what follows, and around the callback */
	uint64_t moved, saved; /* bytes */
	bool sees_reads;       /* what is read counts as moved, and not only what is sent */
};

void image_reporter_init(struct image_reporter *reporter, const struct image_progress *to);
void image_reporter_done(struct image_reporter *reporter);
KEG_AUTO(image_reporter, image_reporter_done)

void image_report_text(struct image_reporter *reporter, const char *fmt, ...) KEG_PRINTF(2, 3);
void image_report_blob(struct image_reporter *reporter, enum image_event_kind kind,
		       const struct image_blob *blob, uint64_t done);
/* Bytes that were moved, and that need not be: they were there, or came with an earlier attempt. */
void image_report_moved(struct image_reporter *reporter, uint64_t moved, uint64_t saved);
void image_report_summary(struct image_reporter *reporter);

#endif
