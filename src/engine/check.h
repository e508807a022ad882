/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - find, and on request remove, what crashes left: of containers here, of images and
 * layers by store/check.h. What a living command works on is locked, and left alone.
 */
#ifndef KEG_ENGINE_CHECK_H
#define KEG_ENGINE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

enum { ENGINE_CHECK_MAX_AGE = 24 * 60 * 60 };

struct engine_check {
	bool repair;	 /* images only where no container uses them */
	bool containers; /* repair: remove containers of damaged images, to remove these too */
	int64_t max_age; /* seconds after which a layer of no image is a leftover */
	/* Layers that are not what once was unpacked, as transfer_table.check() found; or NULL. */
	const struct keg_strv *damaged;
	/* For each finding: what it is, in words, and its name. */
	void (*report)(void *ctx, const char *what, const char *name, bool repaired);
	void *ctx;
};

/* Returns the number of findings that remain. */
int engine_check(struct engine *engine, const struct engine_check *how,
		 struct keg_err *err) KEG_MUST_CHECK;

#endif
