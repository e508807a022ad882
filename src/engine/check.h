/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - find, and on request remove, what crashes left: of containers here, of images and
 * layers by store/check.h. What a living command works on is locked, and left alone.
 */
#ifndef KEG_ENGINE_CHECK_H
#define KEG_ENGINE_CHECK_H

#include <stdbool.h>

#include "engine/engine.h"

struct engine_check {
	bool repair;
	/* For each finding: what it is, in words, and its name. */
	void (*report)(void *ctx, const char *what, const char *name, bool repaired);
	void *ctx;
};

/* Returns the number of findings that remain. */
int engine_check(struct engine *engine, const struct engine_check *how,
		 struct keg_err *err) KEG_MUST_CHECK;

#endif
