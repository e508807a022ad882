/* SPDX-License-Identifier: Apache-2.0 */
/* check_state.h - a check under way; for check.c and check_pins.c. */
#ifndef KEG_STORE_CHECK_STATE_H
#define KEG_STORE_CHECK_STATE_H

#include "store/check.h"
#include "store/records.h"
#include "store/staging.h"

struct checking {
	struct store *store;
	const struct store_check *how;
	struct store_staging *trash; /* NULL when nothing is repaired */
	struct store_lock lock;
	struct store_records layers, images, containers;
	struct keg_strv abandoned; /* layers of commits that were killed before their image */
	struct keg_strv doomed;	   /* layers that go */
	int left;
};

/* Tell the caller of a finding, and count it if it stays. */
void check_report(struct checking *c, enum store_damage what, const char *name, bool repaired);

/* The names in a folder but for hidden ones, appended; a missing one has none. */
int check_list(int at, const char *path, struct keg_strv *out, struct keg_err *err) KEG_MUST_CHECK;

/* Pins without containers and containers without pins. Takes its own locks. */
int check_pins(struct checking *c, struct keg_err *err) KEG_MUST_CHECK;

#endif
