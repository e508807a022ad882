/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "os/path.h"

/* Each level holds two descriptors. */
enum { DEPTH_MAX = 256, CHUNK = 1 << 20 };

static int copy_folder(int from, int to, int depth, struct keg_err *err);

/* From the open original to the new one below `to`. */
static int set_meta(int to, const char *name, const struct stat *st, struct keg_err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "set the owner of %s", name);
	/* After the owner, whose change takes setuid bits away. */
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return keg_fail_sys(err, errno, "set the mode of %s", name);
	(void)utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int copy_data(int from, int to, const char *name, struct keg_err *err)
{
	/* Not to be opened blocking: it could have become a pipe. */
	autofd int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return keg_fail_sys(err, errno, "open %s", name);
	autofd int out = keg_open_at(to, name, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	if (out < 0)
		return out;
	for (;;) {
		ssize_t sent = sendfile(out, in, NULL, CHUNK);

		if (sent < 0)
			return keg_fail_sys(err, errno, "copy %s", name);
		if (sent == 0)
			return 0;
	}
}

static int copy_link(int from, int to, const char *name, struct keg_err *err)
{
	autofree char *target = NULL;
	int r = keg_readlink(from, name, &target, err);

	if (r >= 0 && symlinkat(target, to, name) < 0)
		r = keg_fail_sys(err, errno, "make link %s", name);
	return r;
}

static int copy_subfolder(int from, int to, const char *name, int depth, struct keg_err *err)
{
	if (mkdirat(to, name, 0700) < 0)
		return keg_fail_sys(err, errno, "create folder %s", name);
	autofd int out = keg_open_at(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	if (out < 0)
		return out;
	int in = keg_open_at(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	return in < 0 ? in : copy_folder(in, out, depth + 1, err);
}

static int copy_entry(int from, int to, const char *name, int depth, struct keg_err *err)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "look at %s", name);
	if (S_ISDIR(st.st_mode))
		r = copy_subfolder(from, to, name, depth, err);
	else if (S_ISREG(st.st_mode))
		r = copy_data(from, to, name, err);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from, to, name, err);
	else if (mknodat(to, name, st.st_mode, st.st_rdev) < 0)
		r = keg_fail_sys(err, errno, "make %s", name);
	else
		r = 0;
	return r < 0 ? r : set_meta(to, name, &st, err);
}

/* Takes over `from`. */
static int copy_folder(int from, int to, int depth, struct keg_err *err)
{
	autodir dir = fdopendir(from);
	struct dirent *entry;

	if (!dir) {
		close(from);
		return keg_fail_sys(err, ENOMEM, "read a folder");
	}
	if (depth > DEPTH_MAX)
		return keg_fail(err, KEG_EUSAGE, "folders nested more than %d deep", DEPTH_MAX);
	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int r = copy_entry(from, to, entry->d_name, depth, err);
		if (r < 0)
			return r;
	}
	return errno ? keg_fail_sys(err, errno, "read a folder") : 0;
}

int copy_up(int from, int into, struct keg_err *err)
{
	struct stat st;
	/* What is given may be a mere place, which cannot be read. */
	int tree = path_open_in_root(from, ".", O_RDONLY | O_DIRECTORY, err);

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0 || fchownat(into, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0) {
		close(tree);
		return keg_fail_sys(err, errno, "set the owner");
	}
	return copy_folder(tree, into, 0, err) < 0 ? keg_wrap(err, "copy up") : 0;
}
