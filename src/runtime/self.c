/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's command may be a link to /proc/self/exe, or a script with that as interpreter:
 * then our own program runs inside, and whoever opens its /proc/PID/exe there has a way to the
 * file on the host, to be written once nobody executes it (CVE-2019-5736). So that what is
 * executed is never the file itself: for root it is the file through a detached read-only mount,
 * which nobody can make writable again. A program with a loader goes over to that as it runs; a
 * static one, and any where the kernel does not know how, executes itself anew, unless whoever
 * starts it opened it so. An ordinary user, who cannot mount, executes a sealed copy, and that only
 * if the file is his to write.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/caps.h"
#include "os/exe_file.h"
#include "runtime/runtime.h"

enum { ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static bool is_protected(int self)
{
	struct statvfs fs;

	if (fstatvfs(self, &fs) == 0 && fs.f_flag & ST_RDONLY)
		return true;
	return fcntl(self, F_GET_SEALS) == ALL_SEALS;
}

/* `path` at `dirfd`; with an empty path `dirfd` itself. */
static int open_readonly(int dirfd, const char *path)
{
	const uint64_t sys_admin = UINT64_C(1) << 21; /* CAP_SYS_ADMIN */
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID };

	if (!(caps_effective() & sys_admin))
		return -1;
	autofd int tree =
		open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return -1;
	return take_fd(&tree);
}

static int open_copy(int self)
{
	struct stat st;
	autofd int copy = memfd_create("self", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (copy < 0 || fstat(self, &st) < 0)
		return -1;
	for (off_t left = st.st_size; left > 0;) {
		ssize_t sent = sendfile(copy, self, NULL, (size_t)left);

		if (sent <= 0)
			return -1;
		left -= sent;
	}
	if (fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0)
		return -1;
	return take_fd(&copy);
}

int runtime_protect_self(char **argv, struct keg_err *err)
{
	autofd int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (self < 0)
		return keg_fail_sys(err, errno, "open our own program by /proc/self/exe");
	if (is_protected(self))
		return 0;
	autofd int safe = open_readonly(self, "");
	struct keg_err untold;

	/* Executing a program that no loader has to prepare takes less than this. */
	if (safe >= 0 && getauxval(AT_BASE) != 0 && exe_file_replace(safe, &untold) >= 0)
		return 0;
	if (safe < 0 && geteuid() != 0 && faccessat(self, "", W_OK, AT_EACCESS | AT_EMPTY_PATH) < 0)
		return 0;
	if (safe < 0)
		safe = open_copy(self);
	if (safe < 0)
		return keg_fail_sys(err, errno, "protect our own program");
	syscall(SYS_execveat, safe, "", argv, environ, AT_EMPTY_PATH);
	return keg_fail_sys(err, errno, "execute our own program again");
}

int runtime_open_protected(const char *program)
{
	return open_readonly(AT_FDCWD, program);
}
