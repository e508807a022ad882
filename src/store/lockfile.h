/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockfile.h - the lock protocol of containers/storage.
 *
 * Each list has a lock file. Whoever changes the list holds a record lock for writing over the
 * whole file and, having replaced the list, writes 64 new bytes into it, by which the others
 * see that what they have in memory is old.
 *
 * A whole-file lock of a peer covers every offset, whatever the file's size. Ours are
 * narrower, which the peers cannot tell: writers lock up to HOLD_AT, holds (pin.h) share the
 * byte there. So a hold stops the peers' writers and our removals, but not our own pins,
 * and making a pin while holding can never deadlock.
 */
#ifndef KEG_STORE_LOCKFILE_H
#define KEG_STORE_LOCKFILE_H

#include "base/err.h"

struct store;

/* In the order in which their locks are taken. */
enum store_list_kind { STORE_LAYERS, STORE_IMAGES, STORE_CONTAINERS };
enum { STORE_LISTS = 3 };

enum store_lock_flags {
	STORE_LOCK_LAYERS = 1 << STORE_LAYERS,
	STORE_LOCK_IMAGES = 1 << STORE_IMAGES,
	STORE_LOCK_CONTAINERS = 1 << STORE_CONTAINERS,
	STORE_LOCK_NO_HOLDS = 1 << STORE_LISTS, /* wait for holds to end: images will go */
};

struct store_lock {
	int fds[STORE_LISTS]; /* -1: not taken */
};

/* Wait for the locks in `which`, for writing. On failure none is held. */
int store_lock_take(struct store *store, unsigned which, struct store_lock *out,
		    struct keg_err *err) KEG_MUST_CHECK;
void store_lock_drop(struct store_lock *lock);
KEG_AUTO(store_lock, store_lock_drop)

/* Tell the peers that the list behind this lock, which is held, was changed. */
int store_lock_touch(const struct store_lock *lock, enum store_list_kind list,
		     struct keg_err *err) KEG_MUST_CHECK;

/* Wait until no image can be removed; see pin.h. */
int store_lock_hold(struct store *store, struct keg_err *err) KEG_MUST_CHECK;

#endif
