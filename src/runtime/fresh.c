/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/namespace.h"
#include "os/procfs.h"

static int write_offset(int fd, const char *clock, const struct oci_time_offset *offset,
			struct keg_err *err)
{
	if (!offset)
		return 0;
	autofree char *text =
		keg_printf("%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs);
	return keg_write_all(fd, text, strlen(text), err);
}

/* time_namespaces(7): unshare concerns children only; after the offsets we join it ourselves. */
static int make_time_namespace(const struct oci_time_offsets *offsets, int file,
			       struct keg_err *err)
{
	if (unshare(CLONE_NEWTIME) < 0)
		return keg_fail_sys(err, errno, "make a time namespace");
	if (offsets) {
		int r = write_offset(file, "monotonic", offsets->monotonic, err);

		if (r >= 0)
			r = write_offset(file, "boottime", offsets->boottime, err);
		if (r < 0)
			return keg_wrap(err, "time offsets");
	}
	autofd int ns = keg_open_at(AT_FDCWD, "/proc/self/ns/time_for_children", O_RDONLY, 0, err);
	if (ns < 0)
		return ns;
	if (setns(ns, CLONE_NEWTIME) < 0)
		return keg_fail_sys(err, errno, "enter the time namespace");
	return 0;
}

int fresh_open_offsets(const struct launch *launch, int *out, struct keg_err *err)
{
	if (!(launch->join.fresh & CLONE_NEWTIME) || !launch->config->os->time_offsets)
		return 0;
	autofd int procfs = procfs_open(err);
	if (procfs < 0)
		return procfs;
	int fd = procfs_open_at(procfs, "self/timens_offsets", O_WRONLY, err);
	if (fd < 0)
		return keg_wrap(err, "time offsets");
	*out = fd;
	return 0;
}

int fresh_make(const struct launch *launch, int offsets, struct keg_err *err)
{
	uint64_t fresh = launch->join.fresh;

	if (fresh & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return keg_fail_sys(err, errno, "make a cgroup namespace");
	if (launch->delegated >= 0 && write(launch->delegated, "0", 1) < 0)
		return keg_fail_sys(err, errno, "join the delegated control group");
	if (fresh & CLONE_NEWTIME) {
		int r = make_time_namespace(launch->config->os->time_offsets, offsets, err);

		if (r < 0)
			return r;
	}
	if (fresh & CLONE_NEWNET)
		return namespace_loopback_up(err);
	return 0;
}

int fresh_name_host(const struct oci_config *config, struct keg_err *err)
{
	if (!keg_str_empty(config->hostname) &&
	    sethostname(config->hostname, strlen(config->hostname)) < 0)
		return keg_fail_sys(err, errno, "set hostname %s", config->hostname);
	if (!keg_str_empty(config->domainname) &&
	    setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return keg_fail_sys(err, errno, "set domainname %s", config->domainname);
	return 0;
}
