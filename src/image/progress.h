/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - what a transfer tells while it runs. The callback is called from several
 * threads but never from two at once, and must return soon.
 */
#ifndef KEG_IMAGE_PROGRESS_H
#define KEG_IMAGE_PROGRESS_H

#include <stdint.h>

enum image_event_kind {
	IMAGE_EVENT_TEXT,     /* `text` is a line to print ("Getting image source signatures") */
	IMAGE_EVENT_STARTED,  /* a blob's transfer begins: done bytes of total */
	IMAGE_EVENT_ADVANCED, /* done changed; at most some ten times a second and blob */
	IMAGE_EVENT_DONE,     /* arrived and verified */
	IMAGE_EVENT_SKIPPED,  /* already there: nothing was transferred */
	IMAGE_EVENT_SUMMARY,  /* an image is copied: `done` bytes moved, `total` bytes saved */
};

struct image_event {
	enum image_event_kind kind;
	const char *what;   /* "blob" or "config" */
	const char *digest; /* of the blob, "sha256:..."; the id of a bar */
	uint64_t done;
	uint64_t total;	  /* 0: not known */
	const char *text; /* TEXT only, no newline */
};

struct image_progress {
	void (*report)(void *ctx, const struct image_event *event); /* NULL: nobody listens */
	void *ctx;
};

#endif
