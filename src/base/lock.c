/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lock.h"

#include <fcntl.h>
#include <sys/file.h>

static int do_flock(int fd, int how, struct keg_err *err)
{
	for (;;) {
		if (flock(fd, how) == 0)
			return 1;
		if (errno == EWOULDBLOCK && (how & LOCK_NB))
			return 0;
		if (errno != EINTR)
			return keg_fail_sys(err, errno, "lock");
	}
}

int keg_lock_flock(int fd, enum keg_lock_mode mode, struct keg_err *err)
{
	int r = do_flock(fd, mode == KEG_LOCK_SHARED ? LOCK_SH : LOCK_EX, err);

	return r < 0 ? r : 0;
}

int keg_lock_try_flock(int fd, enum keg_lock_mode mode, struct keg_err *err)
{
	return do_flock(fd, (mode == KEG_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB, err);
}

static int do_record(int fd, int command, enum keg_lock_mode mode, struct keg_err *err)
{
	struct flock how = { .l_type = mode == KEG_LOCK_SHARED ? F_RDLCK : F_WRLCK,
			     .l_whence = SEEK_SET };

	for (;;) {
		if (fcntl(fd, command, &how) == 0)
			return 1;
		if (command == F_OFD_SETLK && (errno == EAGAIN || errno == EACCES))
			return 0;
		if (errno != EINTR)
			return keg_fail_sys(err, errno, "lock");
	}
}

int keg_lock_record(int fd, enum keg_lock_mode mode, struct keg_err *err)
{
	int r = do_record(fd, F_OFD_SETLKW, mode, err);

	return r < 0 ? r : 0;
}

int keg_lock_try_record(int fd, enum keg_lock_mode mode, struct keg_err *err)
{
	return do_record(fd, F_OFD_SETLK, mode, err);
}

void keg_unlock_record(int fd)
{
	struct flock how = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_OFD_SETLK, &how);
}
