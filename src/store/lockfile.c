/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lockfile.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "store/advice.h"
#include "store/handle.h"

/* Far above what any lock file holds; within off_t on every machine. */
enum { HOLD_AT = 1 << 30 };

/* What the peers write: time, counter, process, random bytes. They only compare it. */
struct writer_token {
	int64_t nanoseconds;
	uint64_t counter;
	uint32_t pid;
	unsigned char random[44];
};
_Static_assert(sizeof(struct writer_token) == 64, "the peers read 64 bytes");

static int lock_range(int fd, short type, off_t from, off_t len, const char *name,
		      struct keg_err *err)
{
	struct flock how = { .l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len };

	while (fcntl(fd, F_OFD_SETLKW, &how) < 0) {
		if (errno != EINTR)
			return keg_fail_sys(err, errno, "lock %s", name);
	}
	return 0;
}

static int open_lock(struct store *store, enum store_list_kind list, struct keg_err *err)
{
	return keg_open_at(store_own(store)->lists[list], store_list_files[list].lock,
			   O_RDWR | O_CREAT, 0644, err);
}

static int take_one(struct store *store, enum store_list_kind list, off_t len, int *out,
		    struct keg_err *err)
{
	*out = open_lock(store, list, err);
	if (*out < 0)
		return -(int)err->code;
	return lock_range(*out, F_WRLCK, 0, len, store_list_files[list].lock, err);
}

int store_lock_take(struct store *store, unsigned which, struct store_lock *out,
		    struct keg_err *err)
{
	off_t len = which & STORE_LOCK_NO_HOLDS ? 0 : HOLD_AT;
	int r = 0;

	*out = (struct store_lock){ { -1, -1, -1 } };
	for (int i = 0; i < STORE_LISTS && r >= 0; i++) {
		if (which & 1U << i)
			r = take_one(store, (enum store_list_kind)i, len, &out->fds[i], err);
	}
	if (r < 0) {
		store_lock_drop(out);
		return store_advise(store_own(store)->path, err);
	}
	return r;
}

void store_lock_drop(struct store_lock *lock)
{
	/* Backwards, so that nobody is woken by one lock only to wait for the next. */
	for (int i = STORE_LISTS - 1; i >= 0; i--) {
		auto_close_(&lock->fds[i]);
		lock->fds[i] = -1;
	}
}

int store_lock_touch(const struct store_lock *lock, enum store_list_kind list, struct keg_err *err)
{
	struct writer_token token = { .pid = (uint32_t)getpid() };
	struct timespec now = keg_now();

	token.nanoseconds = now.tv_sec * KEG_NS_PER_S + now.tv_nsec;
	keg_random(&token.counter, sizeof token.counter);
	keg_random(token.random, sizeof token.random);
	if (pwrite(lock->fds[list], &token, sizeof token, 0) != sizeof token)
		return keg_fail_sys(err, errno, "write %s", store_list_files[list].lock);
	return 0;
}

int store_lock_hold(struct store *store, struct keg_err *err)
{
	autofd int fd = open_lock(store, STORE_LAYERS, err);

	if (fd < 0)
		return store_advise(store_own(store)->path, err);
	int r = lock_range(fd, F_RDLCK, HOLD_AT, 1, store_list_files[STORE_LAYERS].lock, err);
	return r < 0 ? r : take_fd(&fd);
}
