/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. Each member's name is cleaned lexically, its parent is opened inside the
 * root (layer_dirs.h) and the object is made in it by its last component (layer_node.h), in
 * the hope that nothing is in the way; only when the kernel says so is the old object
 * looked at and removed. Times of directories are kept to the end, since each new member
 * changes them. A whiteout that meets a member of its own layer does not hide it: whiteouts
 * are about the layers below, whatever their place in the archive.
 */
#include "archive/layer_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/layer_dirs.h"
#include "archive/layer_node.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

enum { IMPLIED_DIR_MODE = 0755 };

struct late_time {
	char *name;
	struct timespec mtime;
};

struct applier {
	const struct layer_apply_options *options;
	struct tar_reader *reader;
	struct layer_dirs dirs;
	struct keg_buf name, target; /* clean names of the member and of its link */
	uint32_t uid, gid;
	uint64_t devices;
	struct layer_applied done;
	struct late_time *late;
	size_t n_late, room_late;
};

static void applier_done(struct applier *self)
{
	if (self->reader)
		tar_reader_free(self->reader);
	layer_dirs_flush(&self->dirs);
	keg_buf_done(&self->name);
	keg_buf_done(&self->target);
	for (size_t i = 0; i < self->n_late; i++)
		free(self->late[i].name);
	free(self->late);
}
KEG_AUTO(applier, applier_done)

static int missing_parent(struct applier *self, const char *path, size_t len,
			  const struct layer_dir **out, struct keg_err *err);

/* The directory of that name, made with its parents where missing. */
static int parent_dir(struct applier *self, const char *path, size_t len,
		      const struct layer_dir **out, struct keg_err *err)
{
	*out = layer_dirs_get(&self->dirs, path, len);
	if (*out)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return layer_fail_sys(err, errno, "open its directory");
	return missing_parent(self, path, len, out, err);
}

/* Depth is bounded: clean names have at most LAYER_DEPTH_MAX components. */
static int missing_parent(struct applier *self, const char *path, size_t len,
			  const struct layer_dir **out, struct keg_err *err)
{
	autofree char *own = keg_strndup(path, len);
	const struct layer_dir *above;
	struct stat st;
	size_t parent;
	const char *base = layer_name_base(own, &parent);
	bool opaque = false;

	int r = parent_dir(self, own, parent, &above, err);
	if (r < 0)
		return r;
	if (fstatat(above->fd, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && layer_is_whiteout(&st) &&
	    self->options->whiteouts == LAYER_OVERLAY) {
		/* It hides the lower directory: so must what replaces it. */
		opaque = true;
		if (unlinkat(above->fd, base, 0) < 0)
			return keg_fail_sys(err, errno, "replace whiteout");
	}
	if (mkdirat(above->fd, base, IMPLIED_DIR_MODE) == 0) {
		if (fchmodat(above->fd, base, IMPLIED_DIR_MODE, 0) < 0)
			return keg_fail_sys(err, errno, "set mode");
	} else if (errno != EEXIST) {
		return layer_fail_sys(err, errno, "make its directory");
	}
	*out = layer_dirs_get(&self->dirs, own, len);
	if (!*out)
		return layer_fail_sys(err, errno, "open its directory");
	return opaque ? layer_set_opaque((*out)->fd, self->options->userns, err) : 0;
}

/* What was to be dated there is gone. */
static void forget_times(struct applier *self, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < self->n_late; i++) {
		char *late = self->late[i].name;

		if (late && strncmp(late, name, len) == 0 && (!late[len] || late[len] == '/')) {
			free(late);
			self->late[i].name = NULL;
		}
	}
}

/* Remove what an entry replaces. Cached directories may have been below it. */
static int clear_way(struct applier *self, int dir, const char *base, struct keg_err *err)
{
	autofd int own = fcntl(dir, F_DUPFD_CLOEXEC, 0);

	if (own < 0)
		return keg_fail_sys(err, errno, "duplicate a descriptor");
	layer_dirs_flush(&self->dirs);
	forget_times(self, keg_buf_text(&self->name));
	return keg_remove_tree(own, base, err);
}

static void place_of(const struct applier *self, const struct layer_dir *dir, const char *base,
		     struct layer_place *place)
{
	*place = (struct layer_place){
		.dir = dir->fd,
		.base = base,
		.setgid = dir->setgid,
		.userns = self->options->userns,
		.ignore_chown_errors = self->options->ignore_chown_errors,
		.uid = self->uid,
		.gid = self->gid,
	};
}

static void date_later(struct applier *self, const struct tar_entry *entry)
{
	self->late = keg_grow(self->late, self->n_late, &self->room_late, sizeof *self->late);
	self->late[self->n_late++] = (struct late_time){
		.name = keg_strdup(keg_buf_text(&self->name)),
		.mtime = entry->mtime,
	};
}

/* A directory merges with one that is there; anything else makes way. */
static int make_dir(struct applier *self, const struct layer_place *place, bool *opaque,
		    struct keg_err *err)
{
	struct stat st;

	if (mkdirat(place->dir, place->base, 0700) == 0)
		return 1;
	if (errno != EEXIST)
		return layer_fail_sys(err, errno, "make directory");
	if (fstatat(place->dir, place->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return keg_fail_sys(err, errno, "look at what is there");
	if (S_ISDIR(st.st_mode))
		return 1;
	*opaque = layer_is_whiteout(&st) && self->options->whiteouts == LAYER_OVERLAY;
	return 0;
}

static int apply_dir(struct applier *self, const struct layer_place *place,
		     const struct tar_entry *entry, struct keg_err *err)
{
	bool opaque = false;
	int r = make_dir(self, place, &opaque, err);

	if (r <= 0 && !opaque)
		return r;
	if (opaque) {
		if (unlinkat(place->dir, place->base, 0) < 0 ||
		    mkdirat(place->dir, place->base, 0700) < 0)
			return keg_fail_sys(err, errno, "replace whiteout");
	}
	autofd int fd =
		openat(place->dir, place->base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return keg_fail_sys(err, errno, "open directory");
	r = layer_node_dress_dir(place, fd, entry, err);
	if (r >= 0 && opaque)
		r = layer_set_opaque(fd, self->options->userns, err);
	if (r < 0)
		return r;
	if (entry->mode & S_ISGID)
		layer_dirs_flush(&self->dirs); /* it may be known as one without */
	date_later(self, entry);
	return 1;
}

/* "./" is the root of the layer. Its mode and owner are the store's affair, as with the peers. */
static int apply_root(const struct tar_entry *entry, struct keg_err *err)
{
	if (entry->type != TAR_DIR)
		return keg_fail(err, KEG_ECORRUPT, "the root of a layer must be a directory");
	return 1;
}

static int apply_hardlink(struct applier *self, const struct layer_place *place,
			  const struct tar_entry *entry, struct keg_err *err)
{
	size_t parent;

	if (!layer_name_clean(entry->link, &self->target) || self->target.len == 0)
		return keg_fail(err, KEG_ECORRUPT, "hard link to \"%.200s\" leads out of the layer",
				entry->link);
	if (strcmp(keg_buf_text(&self->target), keg_buf_text(&self->name)) == 0)
		return 1;

	/* The look-up of the target's directory may close the member's own. */
	autofd int dir = fcntl(place->dir, F_DUPFD_CLOEXEC, 0);
	if (dir < 0)
		return keg_fail_sys(err, errno, "duplicate a descriptor");
	const char *base = layer_name_base(keg_buf_text(&self->target), &parent);
	const struct layer_dir *from =
		layer_dirs_get(&self->dirs, keg_buf_text(&self->target), parent);
	if (from && linkat(from->fd, base, dir, place->base, 0) == 0)
		return 1;
	if (from && errno == EEXIST)
		return 0;
	layer_fail_sys(err, errno, "make hard link");
	return keg_wrap(err, "to \"%.200s\"", entry->link);
}

static int make_node(struct applier *self, const struct layer_place *place,
		     const struct tar_entry *entry, struct keg_err *err)
{
	switch (entry->type) {
	case TAR_FILE:
		return layer_node_file(place, entry, self->reader, err);
	case TAR_DIR:
		return apply_dir(self, place, entry, err);
	case TAR_HARDLINK:
		return apply_hardlink(self, place, entry, err);
	case TAR_SYMLINK:
		return layer_node_symlink(place, entry, err);
	case TAR_CHAR:
	case TAR_BLOCKDEV:
		if (++self->devices > LAYER_DEVICES_MAX)
			return keg_fail(err, KEG_ECORRUPT, "more than %d device nodes",
					LAYER_DEVICES_MAX);
		return layer_node_special(place, entry, err);
	case TAR_FIFO:
		return layer_node_special(place, entry, err);
	}
	keg_bug("a member of no known type");
}

/* ".wh.NAME" found in this directory. */
static int apply_whiteout(struct applier *self, const struct layer_place *place,
			  const struct tar_entry *entry, struct keg_err *err)
{
	struct layer_place hidden = *place;
	struct stat st;

	hidden.base = place->base + strlen(WHITEOUT);
	if (!*hidden.base || strcmp(hidden.base, ".") == 0 || strcmp(hidden.base, "..") == 0)
		return keg_fail(err, KEG_ECORRUPT, "whiteout of no name");

	int r = layer_node_whiteout(&hidden, entry, err);
	if (r != 0 || fstatat(place->dir, hidden.base, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode))
		return r; /* a file of this layer hides the lower one by itself */
	autofd int fd =
		openat(place->dir, hidden.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? keg_fail_sys(err, errno, "open directory")
		      : layer_set_opaque(fd, self->options->userns, err);
}

/* 1 when the member was a whiteout and is done with, 0 when it is a plain one. */
static int try_whiteout(struct applier *self, const char *base, size_t parent,
			const struct tar_entry *entry, struct keg_err *err)
{
	const struct layer_dir *dir;
	struct layer_place place;

	if (self->options->whiteouts != LAYER_OVERLAY || !keg_str_starts(base, WHITEOUT))
		return 0;
	if (keg_str_starts(base, WHITEOUT_META) && strcmp(base, WHITEOUT_OPAQUE) != 0)
		return 1; /* aufs' own notes */
	if (!layer_dirs_get(&self->dirs, keg_buf_text(&self->name), parent) && errno == ENOTDIR)
		return 1; /* below what is hidden already, as when rm -r was recorded */
	int r = parent_dir(self, keg_buf_text(&self->name), parent, &dir, err);
	if (r < 0)
		return r;
	place_of(self, dir, base, &place);
	r = strcmp(base, WHITEOUT_OPAQUE) == 0
		    ? layer_set_opaque(dir->fd, self->options->userns, err)
		    : apply_whiteout(self, &place, entry, err);
	return r < 0 ? r : 1;
}

static int apply_entry(struct applier *self, const struct tar_entry *entry, struct keg_err *err)
{
	const struct layer_dir *dir;
	struct layer_place place;
	size_t parent;

	if (!layer_name_clean(entry->name, &self->name))
		return keg_fail(err, KEG_ECORRUPT, "name leads out of the layer or is too deep");
	if (self->name.len == 0)
		return apply_root(entry, err);
	const char *base = layer_name_base(keg_buf_text(&self->name), &parent);
	int r = try_whiteout(self, base, parent, entry, err);
	if (r != 0)
		return r;

	for (int tries = 0; tries < 2; tries++) {
		r = parent_dir(self, keg_buf_text(&self->name), parent, &dir, err);
		if (r < 0)
			return r;
		place_of(self, dir, base, &place);
		r = make_node(self, &place, entry, err);
		if (r == 0) {
			/* make_node() may have looked up other directories. */
			r = parent_dir(self, keg_buf_text(&self->name), parent, &dir, err);
			if (r >= 0)
				r = clear_way(self, dir->fd, base, err);
			if (r >= 0)
				continue;
		}
		return r;
	}
	return keg_fail(err, KEG_EBUSY, "something keeps coming in the way");
}

static int check_limits(struct applier *self, const struct tar_entry *entry, struct keg_err *err)
{
	const struct layer_apply_options *options = self->options;
	uint64_t most = options->most_entries ? options->most_entries : LAYER_ENTRIES_MAX;
	uint64_t bytes = 0;

	if (++self->done.entries > most)
		return keg_fail(err, KEG_ECORRUPT, "more than %llu members",
				(unsigned long long)most);
	if (entry->type == TAR_FILE && !entry->extents)
		bytes = entry->size;
	for (size_t i = 0; entry->extents && i < entry->n_extents; i++)
		bytes += entry->extents[i].len;
	if (options->most_bytes && bytes > options->most_bytes - self->done.bytes)
		return keg_fail(err, KEG_ECORRUPT, "more than %llu bytes of content",
				(unsigned long long)options->most_bytes);
	self->done.bytes += bytes;
	return 0;
}

static int date_dirs(struct applier *self, struct keg_err *err)
{
	for (size_t i = 0; i < self->n_late; i++) {
		const struct late_time *late = &self->late[i];
		const struct timespec times[2] = { late->mtime, late->mtime };
		size_t parent;

		if (!late->name)
			continue;
		const char *base = layer_name_base(late->name, &parent);
		const struct layer_dir *dir = layer_dirs_get(&self->dirs, late->name, parent);
		if (!dir || utimensat(dir->fd, base, times, AT_SYMLINK_NOFOLLOW) < 0)
			return keg_fail_sys(err, errno, "set time of \"%.200s\"", late->name);
	}
	return 0;
}

int layer_apply(int root, struct stream_in *in, const struct layer_apply_options *options,
		struct layer_applied *out, struct keg_err *err)
{
	auto(applier) self = {
		.options = options,
		.reader = tar_reader_new(in, options->watch),
		.dirs = { .root = root },
		.uid = geteuid(),
		.gid = getegid(),
	};
	const struct tar_entry *entry = NULL;
	int r;

	while ((r = tar_reader_next(self.reader, &entry, err)) > 0) {
		r = check_limits(&self, entry, err);
		if (r >= 0)
			r = apply_entry(&self, entry, err);
		if (r < 0)
			return keg_wrap(err, "layer entry \"%.200s\"", entry->name);
	}
	if (r >= 0)
		r = date_dirs(&self, err);
	if (r < 0)
		return r;
	*out = self.done;
	return 0;
}
