/* SPDX-License-Identifier: Apache-2.0 */
#include "image/reporter.h"

#include "base/mem.h"

void image_reporter_init(struct image_reporter *reporter, const struct image_progress *to)
{
	reporter->to = *to;
	pthread_mutex_init(&reporter->lock, NULL);
}

void image_reporter_done(struct image_reporter *reporter)
{
	pthread_mutex_destroy(&reporter->lock);
}

static void send(struct image_reporter *reporter, const struct image_event *event)
{
	pthread_mutex_lock(&reporter->lock);
	reporter->to.report(reporter->to.ctx, event);
	pthread_mutex_unlock(&reporter->lock);
}

void image_report_text(struct image_reporter *reporter, const char *fmt, ...)
{
	va_list ap;

	if (!reporter->to.report)
		return;
	va_start(ap, fmt);
	autofree char *text = keg_vprintf(fmt, ap);
	va_end(ap);
	send(reporter, &(struct image_event){ .kind = IMAGE_EVENT_TEXT, .text = text });
}

void image_report_moved(struct image_reporter *reporter, uint64_t moved, uint64_t saved)
{
	pthread_mutex_lock(&reporter->lock);
	reporter->moved += moved;
	reporter->saved += saved;
	pthread_mutex_unlock(&reporter->lock);
}

void image_report_summary(struct image_reporter *reporter)
{
	if (reporter->to.report)
		send(reporter, &(struct image_event){ .kind = IMAGE_EVENT_SUMMARY,
						      .done = reporter->moved,
						      .total = reporter->saved });
}

void image_report_blob(struct image_reporter *reporter, enum image_event_kind kind,
		       const struct image_blob *blob, uint64_t done)
{
	if (!reporter->to.report)
		return;
	send(reporter, &(struct image_event){
			       .kind = kind,
			       .what = blob->layer == IMAGE_CONFIG_LAYER ? "config" : "blob",
			       .digest = blob->digest,
			       .done = done,
			       .total = blob->size > 0 ? (uint64_t)blob->size : 0,
		       });
}
