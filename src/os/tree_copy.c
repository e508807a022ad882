/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

/* As deep as a layer may be; each level takes two descriptors. */
enum { MAX_DEPTH = 400, MAX_XATTRS = 1 << 16 };

static DIR *open_list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream && fd >= 0)
		close(fd);
	return stream;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Attributes that the target's file system refuses are not worth failing for. */
static void copy_xattrs(int from, int to)
{
	autofree char *names = keg_alloc(1, MAX_XATTRS);
	autofree char *value = keg_alloc(1, MAX_XATTRS);
	ssize_t len = flistxattr(from, names, MAX_XATTRS);

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t n = fgetxattr(from, names + at, value, MAX_XATTRS);

		if (n >= 0 && strncmp(names + at, "user.overlay.", 13) != 0 &&
		    strncmp(names + at, "trusted.overlay.", 16) != 0 &&
		    fsetxattr(to, names + at, value, (size_t)n, 0) < 0)
			continue;
	}
}

static int copy_meta(int from, int to, const struct stat *st, struct keg_err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return keg_fail_sys(err, errno, "copy owner and mode");
	copy_xattrs(from, to);
	if (futimens(to, times) < 0)
		return keg_fail_sys(err, errno, "copy times");
	return 0;
}

static int copy_bytes(int from, int to, struct keg_err *err)
{
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	for (;;) {
		ssize_t n = sendfile(to, from, NULL, 1 << 30);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "copy");
	}
}

/* A file with several names, by the first of them, below the target's root. */
struct linked {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct copying {
	int root; /* of the target */
	struct keg_buf path;
	struct linked *linked;
	size_t n, room;
};

static void copying_done(struct copying *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->linked[i].path);
	free(c->linked);
	keg_buf_done(&c->path);
}
KEG_AUTO(copying, copying_done)

static const char *first_name(const struct copying *c, const struct stat *st)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->linked[i].ino == st->st_ino && c->linked[i].dev == st->st_dev)
			return c->linked[i].path;
	}
	return NULL;
}

static void note_name(struct copying *c, const struct stat *st, const char *name)
{
	c->linked = keg_grow(c->linked, c->n, &c->room, sizeof *c->linked);
	c->linked[c->n++] = (struct linked){ st->st_dev, st->st_ino,
					     keg_printf("%s%s", keg_buf_text(&c->path), name) };
}

static int copy_file(struct copying *c, int from_dir, int to_dir, const char *name,
		     const struct stat *st, struct keg_err *err)
{
	const char *first = st->st_nlink > 1 ? first_name(c, st) : NULL;

	if (first && linkat(c->root, first, to_dir, name, 0) == 0)
		return 0;
	autofd int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofd int to =
		openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (from < 0 || to < 0)
		return keg_fail_sys(err, errno, "copy %s", name);
	if (st->st_nlink > 1 && !first)
		note_name(c, st, name);
	int r = copy_bytes(from, to, err);
	return r < 0 ? keg_wrap(err, "%s", name) : copy_meta(from, to, st, err);
}

static int copy_special(int from_dir, int to_dir, const char *name, const struct stat *st,
			struct keg_err *err)
{
	if (S_ISSOCK(st->st_mode)) /* is nothing without who listens */
		return 0;
	if (S_ISLNK(st->st_mode)) {
		autofree char *target = NULL;
		int r = keg_readlink(from_dir, name, &target, err);

		if (r < 0)
			return r;
		if (symlinkat(target, to_dir, name) < 0)
			return keg_fail_sys(err, errno, "copy %s", name);
	} else if (mknodat(to_dir, name, st->st_mode, st->st_rdev) < 0) {
		return keg_fail_sys(err, errno, "copy %s", name);
	}
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	/* The mode again: a new file's is cut by the umask, and changing the owner cuts it, too. */
	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISLNK(st->st_mode) && fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0) ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "copy %s", name);
	return 0;
}

static int copy_level(struct copying *c, int from, int to, unsigned depth, struct keg_err *err);

static int copy_folder(struct copying *c, int from_dir, int to_dir, const char *name,
		       unsigned depth, struct keg_err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	if (mkdirat(to_dir, name, 0700) < 0)
		return keg_fail_sys(err, errno, "copy %s", name);
	autofd int from = openat(from_dir, name, flags);
	autofd int to = openat(to_dir, name, flags);
	if (from < 0 || to < 0)
		return keg_fail_sys(err, errno, "copy %s", name);
	size_t above = c->path.len;
	keg_buf_printf(&c->path, "%s/", name);
	int r = copy_level(c, from, to, depth + 1, err);
	keg_buf_cut(&c->path, above);
	return r;
}

static int copy_level(struct copying *c, int from, int to, unsigned depth, struct keg_err *err)
{
	struct stat own;
	autodir stream = open_list(from);

	if (!stream || fstat(from, &own) < 0)
		return keg_fail_sys(err, errno, "copy a folder");
	if (depth > MAX_DEPTH)
		return keg_fail(err, KEG_EUNSUPPORTED, "copy: more than %d folders deep",
				MAX_DEPTH);
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		const char *name = entry->d_name;
		struct stat st;
		int r;

		if (is_dot(name) || fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			r = copy_folder(c, from, to, name, depth, err);
		else if (S_ISREG(st.st_mode))
			r = copy_file(c, from, to, name, &st, err);
		else
			r = copy_special(from, to, name, &st, err);
		if (r < 0)
			return r;
	}
	return copy_meta(from, to, &own, err);
}

int tree_copy(int from, int to, struct keg_err *err)
{
	auto(copying) c = { .root = to };

	return copy_level(&c, from, to, 0, err);
}

int tree_copy_meta(int from, int to, struct keg_err *err)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return keg_fail_sys(err, errno, "copy owner and mode");
	return copy_meta(from, to, &st, err);
}

static int chown_level(int dir, uint32_t uid, uint32_t gid, unsigned depth, struct keg_err *err)
{
	autodir stream = open_list(dir);

	if (!stream || fchown(dir, uid, gid) < 0)
		return keg_fail_sys(err, errno, "change owner");
	if (depth > MAX_DEPTH)
		return keg_fail(err, KEG_EUNSUPPORTED, "change owner: more than %d folders deep",
				MAX_DEPTH);
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		if (is_dot(entry->d_name))
			continue;
		autofd int sub =
			openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int r = 0;
		if (sub >= 0)
			r = chown_level(sub, uid, gid, depth + 1, err);
		else if (fchownat(dir, entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			r = keg_fail_sys(err, errno, "change owner of %s", entry->d_name);
		if (r < 0)
			return r;
	}
	return 0;
}

int tree_chown(int dir, uint32_t uid, uint32_t gid, struct keg_err *err)
{
	return chown_level(dir, uid, gid, 0, err);
}
