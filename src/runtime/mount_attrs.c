/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_attrs.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

/* <linux/statfs.h> has it; <sys/statvfs.h> of glibc 2.36 does not. */
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

static const struct {
	uint64_t ms, attr, st;
	bool lockable;
} plain[] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY, ST_RDONLY, true },
	{ MS_NOSUID, MOUNT_ATTR_NOSUID, ST_NOSUID, true },
	{ MS_NODEV, MOUNT_ATTR_NODEV, ST_NODEV, true },
	{ MS_NOEXEC, MOUNT_ATTR_NOEXEC, ST_NOEXEC, true },
	{ MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW, ST_NOSYMFOLLOW, false },
};

static const uint64_t time_flags = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
static const uint64_t time_attrs = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;

/* As mount(2) reads them: strictatime beats noatime, and without either it is relatime. */
static uint64_t times_of(uint64_t flags)
{
	uint64_t attr = flags & MS_STRICTATIME ? MOUNT_ATTR_STRICTATIME
			: flags & MS_NOATIME   ? MOUNT_ATTR_NOATIME
					       : MOUNT_ATTR_RELATIME;

	return attr | (flags & MS_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0);
}

/* The same of a mount that exists: statfs(2) has no flag for strictatime. */
static uint64_t times_now(uint64_t now)
{
	uint64_t attr = now & ST_NOATIME    ? MOUNT_ATTR_NOATIME
			: now & ST_RELATIME ? MOUNT_ATTR_RELATIME
					    : MOUNT_ATTR_STRICTATIME;

	return attr | (now & ST_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0);
}

uint64_t mount_attrs_fresh(const struct mount_opts *opts)
{
	uint64_t attrs = times_of(opts->flags);

	for (size_t i = 0; i < KEG_COUNT(plain); i++)
		attrs |= opts->flags & plain[i].ms ? plain[i].attr : 0;
	return attrs;
}

struct mount_change mount_attrs_bind(const struct mount_opts *opts)
{
	struct mount_change change = { 0 };

	if ((opts->flags | opts->cleared) == 0)
		return change;
	for (size_t i = 0; i < KEG_COUNT(plain); i++) {
		change.clr |= plain[i].attr;
		change.set |= opts->flags & plain[i].ms ? plain[i].attr : 0;
	}
	if (opts->flags & time_flags) {
		change.clr |= time_attrs;
		change.set |= times_of(opts->flags);
	}
	return change;
}

int mount_attrs_locked(const struct mount_opts *opts, uint64_t now, struct mount_change *out,
		       struct keg_err *err)
{
	struct mount_change change = mount_attrs_bind(opts);
	bool other_times = opts->flags & time_flags && times_of(opts->flags) != times_now(now);

	for (size_t i = 0; i < KEG_COUNT(plain); i++) {
		if (!plain[i].lockable || !(now & plain[i].st))
			continue;
		if (opts->cleared & plain[i].ms)
			return keg_fail_sys(err, EPERM, "clear a locked mount attribute");
		change.clr &= ~plain[i].attr;
	}
	if (other_times)
		return keg_fail_sys(err, EPERM, "change the locked access times");
	*out = change;
	return 0;
}
