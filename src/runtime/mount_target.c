/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/path.h"
#include "os/procfs.h"

/*
 * Nothing may be put into /proc but what is known to be harmless, or it could take the place
 * of what the runtime itself writes there (CVE-2019-16884, CVE-2019-19921).
 */
static int check(int target, const struct mount_plan *plan, struct keg_err *err)
{
	static const char *const allowed[] = {
		/* The whole of another /proc may stand in for this one. */
		"/proc",
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/meminfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/uptime",
		"/proc/loadavg",
		"/proc/slabinfo",
		"/proc/sys/kernel/ns_last_pid",
		"/proc/net/dev",
		"/proc/sys/fs/binfmt_misc",
		"/proc/sys/crypto/fips_enabled",
	};

	if (!procfs_is(target) || keg_str_eq(plan->mount->type, "proc"))
		return 0;
	for (size_t i = 0; i < KEG_COUNT(allowed); i++) {
		if (strcmp(allowed[i], plan->destination) == 0)
			return 0;
	}
	return keg_fail(err, KEG_EUSAGE, "\"%s\" cannot be mounted because it is inside /proc",
			plan->destination);
}

/* What is there, be it a link; without anything an empty file. */
static int open_nofollow(int root, const struct mount_plan *plan, bool folder, struct keg_err *err)
{
	const char *last;
	autofd int above = path_make_parent(root, plan->destination, &last, err);

	if (above < 0)
		return above;
	int fd = openat(above, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? keg_fail_sys(err, errno, "open %s", plan->destination) : fd;
	return folder ? path_make_folder(above, last, 0755, err) : path_make_file(above, last, err);
}

static int open_existing(int root, const struct mount_plan *plan, bool folder, struct keg_err *err)
{
	const char *type = plan->mount->type;
	struct stat st;

	if (plan->opts.dest_nofollow)
		return open_nofollow(root, plan, folder, err);
	if (!keg_str_eq(type, "proc") && !keg_str_eq(type, "sysfs"))
		return path_open_in_root(root, plan->destination, O_PATH, err);

	/* /proc and /sys themselves are no links, or what is masked in them would be elsewhere. */
	autofd int fd = path_open_in_root(root, plan->destination, O_PATH | O_NOFOLLOW, err);
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		return keg_fail(err, KEG_EUSAGE,
				"filesystem \"%s\" must be mounted on ordinary directory", type);
	return take_fd(&fd);
}

int mount_target_open(int root, const struct mount_plan *plan, bool folder, bool *made,
		      struct keg_err *err)
{
	autofd int target = open_existing(root, plan, folder, err);
	bool missing = target == -KEG_ENOTFOUND && !plan->opts.remount;

	if (missing)
		target = folder ? path_make_folder(root, plan->destination, 0755, err)
				: path_make_file(root, plan->destination, err);
	if (target < 0)
		return target;
	if (made)
		*made = missing;
	int r = check(target, plan, err);
	return r < 0 ? r : take_fd(&target);
}
