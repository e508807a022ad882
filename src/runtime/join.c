/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"
#include "base/strv.h"
#include "os/namespace.h"

static bool is_ours(int fd, const struct namespace_kind *kind)
{
	struct stat theirs, ours;
	char path[64];

	keg_format(path, sizeof path, "/proc/self/ns/%s", kind->file);
	return fstat(fd, &theirs) == 0 && stat(path, &ours) == 0 && theirs.st_ino == ours.st_ino &&
	       theirs.st_dev == ours.st_dev;
}

static int open_one(const struct oci_namespace *want, struct join *out, struct keg_err *err)
{
	const struct namespace_kind *kind = namespace_find(want->type);

	if (!kind)
		return keg_fail(err, KEG_EUSAGE, "namespace \"%s\" does not exist", want->type);
	if ((out->fresh | out->existing) & kind->flag)
		return keg_fail(err, KEG_EUSAGE, "malformed spec file: duplicated ns \"%s\"",
				want->type);
	if (keg_str_empty(want->path)) {
		out->fresh |= kind->flag;
		return 0;
	}

	int fd = keg_open_at(AT_FDCWD, want->path, O_RDONLY, 0, err);
	if (fd < 0)
		return keg_wrap(err, "%s namespace", want->type);
	if (is_ours(fd, kind)) {
		close(fd);
		return 0;
	}
	out->fds[kind - namespace_kinds] = fd;
	out->existing |= kind->flag;
	return 0;
}

int join_open(const struct oci_linux *os, struct join *out, struct keg_err *err)
{
	int r = 0;

	*out = (struct join){ 0 };
	for (size_t i = 0; i < JOIN_MAX; i++)
		out->fds[i] = -1;
	for (size_t i = 0; i < os->n_namespaces && r >= 0; i++)
		r = open_one(&os->namespaces[i], out, err);
	if (r < 0)
		join_done(out);
	return r;
}

void join_done(struct join *join)
{
	for (size_t i = 0; i < JOIN_MAX; i++) {
		if (join->fds[i] >= 0)
			close(join->fds[i]);
		join->fds[i] = -1;
	}
}

int join_dup(const struct join *join, uint64_t which, struct keg_err *err)
{
	for (size_t i = 0; i < namespace_n_kinds; i++) {
		if (namespace_kinds[i].flag != which || join->fds[i] < 0)
			continue;
		int fd = fcntl(join->fds[i], F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? keg_fail_sys(err, errno, "keep the namespace") : fd;
	}
	return keg_fail(err, KEG_ENOTFOUND, "no such namespace is joined");
}

void join_enter_early(struct join *join)
{
	for (size_t i = 0; i < namespace_n_kinds; i++) {
		uint64_t flag = namespace_kinds[i].flag;

		if (join->fds[i] < 0 || flag & (CLONE_NEWUSER | CLONE_NEWNS))
			continue;
		if (setns(join->fds[i], (int)flag) == 0)
			close(take_fd(&join->fds[i]));
	}
}

int join_enter(const struct join *join, uint64_t which, struct keg_err *err)
{
	for (size_t i = 0; i < namespace_n_kinds; i++) {
		const struct namespace_kind *kind = &namespace_kinds[i];

		if (join->fds[i] < 0 || !(which & kind->flag))
			continue;
		if (setns(join->fds[i], (int)kind->flag) < 0)
			return keg_fail_sys(err, errno, "join the %s namespace", kind->name);
	}
	return 0;
}
