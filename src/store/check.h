/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - find, and on request remove, what crashes left in the store.
 *
 * Never touches what a living process works on: the lists are locked as for writing, staging
 * folders are left alone while their owner holds their lock.
 */
#ifndef KEG_STORE_CHECK_H
#define KEG_STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum store_damage {
	STORE_STAGING_LEFT,	    /* a tree half unpacked or half removed */
	STORE_LAYER_INCOMPLETE,	    /* recorded, but marked as half made */
	STORE_LAYER_UNRECORDED,	    /* a folder without a record */
	STORE_LAYER_LOST,	    /* a record without a folder */
	STORE_LAYER_DAMAGED,	    /* its folder lacks what it takes to mount it */
	STORE_LAYER_UNUSED,	    /* complete, but of no image, container or layer */
	STORE_LINK_DANGLING,	    /* a short link to nowhere */
	STORE_LINK_MISSING,	    /* a layer whose short link is gone */
	STORE_IMAGE_UNRECORDED,	    /* a folder without a record */
	STORE_CONTAINER_UNRECORDED, /* a peer's folder without a record */
	STORE_IMAGE_DAMAGED,	    /* a layer or a document is missing or damaged */
	STORE_PIN_LEFT,		    /* of no container of ours */
	STORE_PIN_LOST,		    /* containers of ours whose image is not pinned */
};

struct store_check {
	bool repair;
	/* A layer of no image and no container that is older than so many seconds is what a pull
	 * left that was given up; < 0: however old, it is kept. */
	int64_t max_age;
	const struct keg_strv *damaged; /* layers whose files were changed; may be NULL */
	/* Does our container exist? NULL: those with <graphroot>/keg/containers/<id> do. */
	bool (*container_exists)(void *ctx, const char *id);
	/* Called for each finding; `repaired` is false when it was left, or repair failed. */
	void (*report)(void *ctx, enum store_damage what, const char *name, bool repaired);
	void *ctx;
	/* Not NULL: the ids of damaged images of our store, for the caller to remove or report. */
	struct keg_strv *images;
};

/* One word for `what` as `system check` prints it. */
const char *store_damage_text(enum store_damage what);

/* Returns the number of findings that remain. */
int store_check(struct store *store, const struct store_check *how,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
