/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is forced by the kernel: chown drops set-id bits and capabilities, so attributes
 * and mode come after it; writing and all of these change the time, which comes last.
 */
#include "archive/layer_node.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/log.h"
#include "base/num.h"
#include "base/strv.h"

int layer_fail_sys(struct keg_err *err, int sys, const char *what)
{
	switch (sys) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case EEXIST:
	case EXDEV:
	case EINVAL:
	case ENAMETOOLONG:
		keg_fail_sys(err, sys, "%s", what);
		err->code = KEG_ECORRUPT;
		return -KEG_ECORRUPT;
	default:
		return keg_fail_sys(err, sys, "%s", what);
	}
}

/* What follows from a chown that the kernel refused. */
static int chown_failed(const struct layer_place *place, const struct tar_entry *entry,
			struct keg_err *err)
{
	int sys = errno;

	if (place->ignore_chown_errors && (sys == EPERM || sys == EINVAL))
		return 0;
	keg_fail_sys(err, sys, "set owner %u:%u", entry->uid, entry->gid);
	if (place->userns && (sys == EPERM || sys == EINVAL)) {
		err->code = KEG_EDENIED;
		keg_hint(err, "the user namespace has too few ids: give the user more of them in "
			      "/etc/subuid and /etc/subgid");
	}
	return -(int)err->code;
}

static bool owner_is_given(const struct layer_place *place, const struct tar_entry *entry)
{
	return !place->setgid && entry->uid == place->uid && entry->gid == place->gid;
}

/* overlayfs' own attributes would let an archive redirect names into other layers. */
static bool is_forbidden(const char *name)
{
	return keg_str_starts(name, "trusted.overlay.") || keg_str_starts(name, "user.overlay.");
}

/* `fd` may be open with O_PATH, in which case the attributes go through its magic link. */
static int set_xattrs(int fd, bool by_path, bool userns, const struct tar_entry *entry,
		      struct keg_err *err)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct tar_xattr *x = &entry->xattrs[i];

		if (is_forbidden(x->name))
			continue;
		int r = by_path ? setxattr(path, x->name, x->value, x->len, 0)
				: fsetxattr(fd, x->name, x->value, x->len, 0);
		if (r == 0)
			continue;
		if (errno != EOPNOTSUPP && !(userns && errno == EPERM))
			return keg_fail_sys(err, errno, "set attribute %.100s", x->name);
		keg_debug("attribute %.100s of %.200s is not supported here", x->name, entry->name);
	}
	return 0;
}

static void both_times(struct timespec times[2], const struct tar_entry *entry)
{
	times[0] = times[1] = entry->mtime;
}

static int dress_file(const struct layer_place *place, int fd, const struct tar_entry *entry,
		      struct keg_err *err)
{
	struct timespec times[2];
	int r = 0;

	if (!owner_is_given(place, entry) && fchown(fd, entry->uid, entry->gid) < 0)
		r = chown_failed(place, entry, err);
	if (r >= 0 && entry->n_xattrs)
		r = set_xattrs(fd, false, place->userns, entry, err);
	if (r < 0)
		return r;
	if (fchmod(fd, entry->mode) < 0)
		return keg_fail_sys(err, errno, "set mode");
	both_times(times, entry);
	if (futimens(fd, times) < 0)
		return keg_fail_sys(err, errno, "set time");
	return 0;
}

static int write_at(int fd, const char *bytes, size_t len, uint64_t at, struct keg_err *err)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return keg_fail_sys(err, errno, "write");
		bytes += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_content(int fd, const struct tar_entry *entry, struct tar_reader *content,
			 struct keg_err *err)
{
	const void *bytes;
	uint64_t at;
	size_t len;
	int r;

	while ((r = tar_reader_data(content, &bytes, &len, &at, err)) > 0) {
		r = write_at(fd, bytes, len, at, err);
		if (r < 0)
			return r;
	}
	/* A hole may stand at the end. */
	if (r == 0 && entry->extents && ftruncate(fd, (off_t)entry->size) < 0)
		return layer_fail_sys(err, errno, "set size");
	return r;
}

int layer_node_file(const struct layer_place *place, const struct tar_entry *entry,
		    struct tar_reader *content, struct keg_err *err)
{
	autofd int fd = openat(place->dir, place->base,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0 : layer_fail_sys(err, errno, "create");
	int r = write_content(fd, entry, content, err);
	if (r >= 0)
		r = dress_file(place, fd, entry, err);
	return r < 0 ? r : 1;
}

/* Objects that cannot be opened without consequences. Modes of links cannot be changed. */
static int dress_unopened(const struct layer_place *place, const struct tar_entry *entry,
			  struct keg_err *err)
{
	struct timespec times[2];
	int r = 0;

	if (!owner_is_given(place, entry) &&
	    fchownat(place->dir, place->base, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = chown_failed(place, entry, err);
	if (r >= 0 && entry->n_xattrs) {
		autofd int fd = openat(place->dir, place->base, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		r = fd < 0 ? keg_fail_sys(err, errno, "open")
			   : set_xattrs(fd, true, place->userns, entry, err);
	}
	if (r < 0)
		return r;
	/* The object was made just now in a directory of ours: the name is what we made. */
	if (entry->type != TAR_SYMLINK && fchmodat(place->dir, place->base, entry->mode, 0) < 0)
		return keg_fail_sys(err, errno, "set mode");
	both_times(times, entry);
	if (utimensat(place->dir, place->base, times, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "set time");
	return 1;
}

int layer_node_symlink(const struct layer_place *place, const struct tar_entry *entry,
		       struct keg_err *err)
{
	if (symlinkat(entry->link, place->dir, place->base) < 0)
		return errno == EEXIST ? 0 : layer_fail_sys(err, errno, "make symbolic link");
	return dress_unopened(place, entry, err);
}

int layer_node_special(const struct layer_place *place, const struct tar_entry *entry,
		       struct keg_err *err)
{
	mode_t type = entry->type == TAR_CHAR	    ? S_IFCHR
		      : entry->type == TAR_BLOCKDEV ? S_IFBLK
						    : S_IFIFO;

	if (place->userns && type != S_IFIFO)
		return 1;
	if (mknodat(place->dir, place->base, type | 0600,
		    makedev(entry->dev_major, entry->dev_minor)) < 0)
		return errno == EEXIST ? 0 : layer_fail_sys(err, errno, "make device");
	return dress_unopened(place, entry, err);
}

int layer_node_dress_dir(const struct layer_place *place, int fd, const struct tar_entry *entry,
			 struct keg_err *err)
{
	int r = 0;

	if (fchown(fd, entry->uid, entry->gid) < 0)
		r = chown_failed(place, entry, err);
	if (r >= 0 && entry->n_xattrs)
		r = set_xattrs(fd, false, place->userns, entry, err);
	if (r < 0)
		return r;
	return fchmod(fd, entry->mode) < 0 ? keg_fail_sys(err, errno, "set mode") : 0;
}

bool layer_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

int layer_node_whiteout(const struct layer_place *place, const struct tar_entry *entry,
			struct keg_err *err)
{
	if (mknodat(place->dir, place->base, S_IFCHR, 0) < 0)
		return errno == EEXIST ? 0 : layer_fail_sys(err, errno, "make whiteout");
	if (!owner_is_given(place, entry) &&
	    fchownat(place->dir, place->base, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0) {
		int r = chown_failed(place, entry, err);

		return r < 0 ? r : 1;
	}
	return 1;
}

int layer_set_opaque(int dir, bool userns, struct keg_err *err)
{
	const char *name = userns ? "user.overlay.opaque" : "trusted.overlay.opaque";

	if (fsetxattr(dir, name, "y", 1, 0) < 0)
		return keg_fail_sys(err, errno, "make directory opaque");
	return 0;
}
