/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - locks the kernel drops when their holder dies.
 *
 * Two kinds: flock(2) for our own folders and files, and record locks over the whole
 * file for files shared with the peers (containers/storage takes fcntl locks; ours are
 * F_OFD_SETLK, which exclude those and belong to the descriptor, not the process).
 * Closing the descriptor releases the lock.
 */
#ifndef KEG_BASE_LOCK_H
#define KEG_BASE_LOCK_H

#include "base/err.h"

enum keg_lock_mode { KEG_LOCK_SHARED, KEG_LOCK_EXCLUSIVE };

/* Wait for a flock on an open descriptor. */
int keg_lock_flock(int fd, enum keg_lock_mode mode, struct keg_err *err) KEG_MUST_CHECK;
/* The same without waiting: 1 taken, 0 someone else has it. */
int keg_lock_try_flock(int fd, enum keg_lock_mode mode, struct keg_err *err) KEG_MUST_CHECK;

/* Wait for a record lock over the whole file; `fd` is open for writing when exclusive. */
int keg_lock_record(int fd, enum keg_lock_mode mode, struct keg_err *err) KEG_MUST_CHECK;
int keg_lock_try_record(int fd, enum keg_lock_mode mode, struct keg_err *err) KEG_MUST_CHECK;
void keg_unlock_record(int fd);

#endif
