/* SPDX-License-Identifier: Apache-2.0 */
#include "os/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"

/* PROC_ROOT_INO of the kernel: a folder of a procfs bound to /proc has another. */
enum { ROOT_INO = 1 };

bool procfs_is(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

int procfs_open(struct keg_err *err)
{
	struct stat st;
	autofd int fd = keg_open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0, err);

	if (fd < 0)
		return fd;
	if (!procfs_is(fd) || fstat(fd, &st) < 0 || st.st_ino != ROOT_INO)
		return keg_fail(err, KEG_EDENIED, "/proc is not a real /proc");
	return take_fd(&fd);
}

int procfs_open_at(int procfs, const char *path, int flags, struct keg_err *err)
{
	const struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, procfs, path, &how, sizeof how);

	if (fd < 0 && errno == EXDEV)
		return keg_fail(err, KEG_EDENIED, "/proc/%s is not on a real /proc", path);
	return fd < 0 ? keg_fail_sys(err, errno, "open /proc/%s", path) : (int)fd;
}

int procfs_write(int procfs, const char *path, const char *text, struct keg_err *err)
{
	autofd int own = procfs < 0 ? procfs_open(err) : -1;

	if (procfs < 0 && own < 0)
		return own;
	autofd int fd = procfs_open_at(procfs < 0 ? own : procfs, path, O_WRONLY, err);
	if (fd < 0)
		return fd;
	return keg_write_all(fd, text, strlen(text), err) < 0 ? keg_wrap(err, "/proc/%s", path) : 0;
}
