/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay/tempdirs/keg-<random>/ holds layer/diff; the tar-split waits in <graphroot>/keg/staging/
 * under the same name, since the peers may have mounted overlay/ onto itself and a rename
 * does not leave a mount. Newer peers keep their own things in tempdirs and
 * skip what is not theirs; older ones do not look into it.
 *
 * Between mkdir and lock a staging looks dead. So its maker shares a flock on tempdirs, and the
 * collector has it alone.
 */
#include "store/staging.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "store/advice.h"
#include "store/handle.h"

#define TEMP_DIR "tempdirs"
#define SPLIT_DIR "keg/staging"
#define NAME_PREFIX "keg-"

struct store_staging {
	struct store *store;
	char *folder; /* TEMP_DIR/<name>, below overlay/ */
	char *file;   /* SPLIT_DIR/<name>, below the graph root */
	int dir;      /* locked */
	int diff, split;
};

static int open_folder(int at, const char *path, mode_t mode, struct keg_err *err)
{
	int r = keg_mkdirs(at, path, mode, err);

	return r < 0 ? r : keg_open_at(at, path, O_RDONLY | O_DIRECTORY, 0, err);
}

/*
 * Tell ext4 (ioctl_iflags(2), chattr +T) that the folders below have nothing to do with each
 * other: each layer then gets a block group of its own. In one group, files made soon after many
 * were removed cost a walk over all of those inodes, which ext4 does not reuse for some
 * minutes: it doubled the time of a pull after an rmi. Elsewhere this does nothing.
 */
static void spread(int temps)
{
	int flags;

	if (ioctl(temps, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_TOPDIR_FL) != 0)
		return;
	flags |= FS_TOPDIR_FL;
	if (ioctl(temps, FS_IOC_SETFLAGS, &flags) < 0)
		keg_debug("layers are not spread over block groups: %s", strerrordesc_np(errno));
}

static int make_locked(struct store_staging *s, struct keg_err *err)
{
	autofd int temps = open_folder(store_own(s->store)->trees, TEMP_DIR, 0700, err);

	if (temps < 0 || keg_lock_flock(temps, KEG_LOCK_SHARED, err) < 0)
		return -(int)err->code;
	spread(temps);
	s->dir = open_folder(store_own(s->store)->trees, s->folder, 0700, err);
	return s->dir < 0 ? s->dir : keg_lock_flock(s->dir, KEG_LOCK_EXCLUSIVE, err);
}

static int make_tree(struct store_staging *s, struct keg_err *err)
{
	static const char diff[] = STORE_STAGING_LAYER "/diff";
	int root = store_own(s->store)->root;

	if (mkdirat(s->dir, STORE_STAGING_LAYER, 0700) < 0 || mkdirat(s->dir, diff, 0700) < 0 ||
	    fchmodat(s->dir, diff, STORE_MODE_UNSET, 0) < 0)
		return keg_fail_sys(err, errno, "create %s", diff);
	s->diff = keg_open_at(s->dir, diff, O_RDONLY | O_DIRECTORY, 0, err);
	if (s->diff < 0 || keg_mkdirs(root, SPLIT_DIR, 0700, err) < 0)
		return -(int)err->code;
	s->split = keg_open_at(root, s->file, O_RDWR | O_CREAT | O_EXCL, 0600, err);
	return s->split < 0 ? s->split : 0;
}

int store_staging_new(struct store *store, struct store_staging **out, struct keg_err *err)
{
	unsigned char random[16];
	char hex[2 * sizeof random + 1];
	autoptr(store_staging) s = keg_alloc(1, sizeof *s);

	keg_random(random, sizeof random);
	keg_hex(hex, random, sizeof random);
	*s = (struct store_staging){ .store = store, .dir = -1, .diff = -1, .split = -1 };
	s->folder = keg_printf(TEMP_DIR "/" NAME_PREFIX "%s", hex);
	s->file = keg_printf(SPLIT_DIR "/" NAME_PREFIX "%s", hex);
	if (make_locked(s, err) < 0 || make_tree(s, err) < 0) {
		keg_wrap(err, "prepare a layer in %s", store_own(store)->path);
		return store_advise(store_own(store)->path, err);
	}
	*out = take_ptr(&s);
	return 0;
}

int store_staging_diff(const struct store_staging *staging)
{
	return staging->diff;
}

int store_staging_split(const struct store_staging *staging)
{
	return staging->split;
}

int store_staging_dir(const struct store_staging *staging)
{
	return staging->dir;
}

void store_staging_filled(struct store_staging *s)
{
	auto_close_(&s->diff);
	auto_close_(&s->split);
	s->diff = s->split = -1;
}

int store_staging_place_split(struct store_staging *s, const char *id, struct keg_err *err)
{
	autofree char *file = keg_printf("%s.tar-split.gz", id);
	int dir = store_own(s->store)->lists[STORE_LAYERS];
	int root = store_own(s->store)->root;
	struct stat st;

	if (fstatat(root, s->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "stat tar-split");
	if (st.st_size == 0) {
		/* One of a layer that had this id before would be a wrong one. */
		if (unlinkat(dir, file, 0) < 0 && errno != ENOENT)
			return keg_fail_sys(err, errno, "remove %s", file);
		return 0;
	}
	if (renameat(root, s->file, dir, file) < 0)
		return keg_fail_sys(err, errno, "move %s into place", file);
	return 0;
}

void store_staging_free(struct store_staging *s)
{
	struct keg_err ignored; /* what stays is collected later */

	if (!s)
		return;
	store_staging_filled(s);
	unlinkat(store_own(s->store)->root, s->file, 0);
	if (s->dir >= 0 && keg_remove_tree(store_own(s->store)->trees, s->folder, &ignored) < 0)
		keg_debug("staging: %s", ignored.msg);
	auto_close_(&s->dir);
	free(s->folder);
	free(s->file);
	free(s);
}

/* --- collecting -------------------------------------------------------------------------- */

static int list_names(int dir, struct keg_strv *out, struct keg_err *err)
{
	int copy = keg_open_at(dir, ".", O_RDONLY | O_DIRECTORY, 0, err);
	autodir stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!stream)
		return copy < 0 ? copy : keg_fail_sys(err, errno, "list");
	while ((entry = readdir(stream)) != NULL) {
		if (keg_str_starts(entry->d_name, NAME_PREFIX))
			keg_strv_add(out, entry->d_name);
	}
	return 0;
}

/* The lock of a living owner cannot be had. */
static bool is_alive(int temps, const char *name)
{
	struct keg_err ignored;
	autofd int dir = openat(temps, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir >= 0 && keg_lock_try_flock(dir, KEG_LOCK_EXCLUSIVE, &ignored) == 0;
}

int store_staging_collect(struct store *store, bool remove,
			  void (*each)(void *ctx, const char *name, bool removed), void *ctx,
			  struct keg_err *err)
{
	autofd int temps = open_folder(store_own(store)->trees, TEMP_DIR, 0700, err);
	autofd int splits = open_folder(store_own(store)->root, SPLIT_DIR, 0700, err);
	auto(keg_strv) trees = { 0 };
	auto(keg_strv) files = { 0 };
	int left = 0;

	if (temps < 0 || splits < 0 || keg_lock_flock(temps, KEG_LOCK_EXCLUSIVE, err) < 0 ||
	    list_names(splits, &files, err) < 0 || list_names(temps, &trees, err) < 0)
		return -(int)err->code;

	for (size_t i = 0; i < trees.n; i++) {
		struct keg_err ignored;

		if (is_alive(temps, trees.v[i]))
			continue;
		bool removed = remove && keg_remove_tree(temps, trees.v[i], &ignored) >= 0;
		each(ctx, trees.v[i], removed);
		left += !removed;
	}
	for (size_t i = 0; i < files.n; i++) {
		if (keg_exists(temps, files.v[i]))
			continue; /* its folder is alive, or was reported above */
		bool removed = remove && unlinkat(splits, files.v[i], 0) == 0;
		if (!keg_strv_has(&trees, files.v[i]))
			each(ctx, files.v[i], removed);
		left += !removed;
	}
	return left;
}
