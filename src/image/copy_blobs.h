/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy_blobs.h - the blobs of one image from source to destination, on several threads.
 *
 * Two groups of threads walk the same list. Fetchers ask the destination whether it has the
 * blob, and otherwise bring it into a pipe; takers hand the pipe's other end, through a
 * compressor where one is wanted, to the destination. So downloads run ahead of unpacking,
 * bounded by the pipes. Both walk in order, so nobody waits for a blob behind his own.
 */
#ifndef KEG_IMAGE_COPY_BLOBS_H
#define KEG_IMAGE_COPY_BLOBS_H

#include "image/copy_stages.h"
#include "image/reporter.h"
#include "image/transport.h"

struct copy_blob {
	struct image_blob want; /* as the source gives it */
	struct copy_wish wish;
	bool any_packing;	 /* to be packed: another would do, if the destination has it */
	enum copy_change change; /* expected; filled: what was done */
	struct image_blob put;	 /* filled: as the destination has it */
	bool reused;		 /* filled: nothing was sent */
};

struct copy_blobs {
	struct image_source *src;
	struct image_dest *dst;
	struct copy_blob *v;
	size_t n;
	bool fixed;	   /* a blob may not stand for another */
	unsigned parallel; /* at most so many at once; 0: no wish */
	struct image_reporter *reporter;
};

/* The first failure ends all; every thread has ended when it returns. */
int copy_blobs_run(const struct copy_blobs *what, struct keg_err *err) KEG_MUST_CHECK;

#endif
