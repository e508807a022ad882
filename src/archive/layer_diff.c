/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is walked depth first with one open descriptor a level; each folder's names are
 * sorted by bytes. A file of several links is stored where it is met first, and as a hard
 * link from then on.
 */
#include "archive/layer_diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#define HASH_FUNCTION HASH_FNV /* the default falls through its labels, which clang reports */
#include <uthash.h>

#include "archive/layer_apply.h"
#include "archive/layer_node.h"
#include "archive/tar_writer.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

enum { CHUNK = 256 << 10 };

#define WHITEOUT ".wh."
#define OPAQUE_BASE ".wh..opq" /* behind WHITEOUT */

struct inode {
	dev_t dev;
	ino_t ino;
};

struct linked {
	UT_hash_handle hh;
	struct inode key;
	char name[];
};

struct differ {
	const struct layer_diff_options *options;
	struct tar_writer *writer;
	struct linked *linked;
	struct keg_buf name; /* of the member at hand */
	char *chunk;
};

static void differ_done(struct differ *self)
{
	struct linked *each = self->linked;

	HASH_CLEAR(hh, self->linked); /* the table; its items stay chained */
	for (struct linked *next; each; each = next) {
		next = each->hh.next;
		free(each);
	}
	if (self->writer)
		tar_writer_free(self->writer);
	keg_buf_done(&self->name);
	free(self->chunk);
}
KEG_AUTO(differ, differ_done)

/* The attributes of one object, in an arena. */
struct attributes {
	struct keg_arena arena;
	struct tar_xattr *list;
	size_t n;
	bool opaque;
};

static void attributes_done(struct attributes *self)
{
	keg_arena_done(&self->arena);
}
KEG_AUTO(attributes, attributes_done)

static bool is_opaque_sign(const char *name, const char *value, size_t len)
{
	return (strcmp(name, "trusted.overlay.opaque") == 0 ||
		strcmp(name, "user.overlay.opaque") == 0) &&
	       len == 1 && value[0] == 'y';
}

/* overlayfs' own attributes describe the mount, not the file. */
static bool is_kept(const struct differ *self, const char *name)
{
	if (!self->options->overlay)
		return true;
	return !keg_str_starts(name, "trusted.overlay.") && !keg_str_starts(name, "user.overlay.");
}

static int read_xattr(struct differ *self, const char *path, const char *name,
		      struct attributes *out, struct keg_err *err)
{
	ssize_t len = getxattr(path, name, self->chunk, CHUNK); /* larger than any can be */

	if (len < 0)
		return errno == ENODATA ? 0 : keg_fail_sys(err, errno, "read attribute %s", name);
	if (self->options->overlay && is_opaque_sign(name, self->chunk, (size_t)len))
		out->opaque = true;
	if (!is_kept(self, name))
		return 0;

	char *value = keg_arena_alloc(&out->arena, (size_t)len + 1, 1);
	memcpy(value, self->chunk, (size_t)len);
	out->list[out->n++] = (struct tar_xattr){
		.name = keg_arena_strdup(&out->arena, name),
		.value = value,
		.len = (size_t)len,
	};
	return 0;
}

/* By a descriptor of any kind, through its magic link: that works for O_PATH too. */
static int read_xattrs(struct differ *self, int fd, struct attributes *out, struct keg_err *err)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ssize_t len = listxattr(path, NULL, 0);
	if (len <= 0)
		return len == 0 || errno == EOPNOTSUPP
			       ? 0
			       : keg_fail_sys(err, errno, "list attributes");

	autofree char *names = keg_alloc((size_t)len + 1, 1);
	len = listxattr(path, names, (size_t)len);
	if (len < 0)
		return keg_fail_sys(err, errno, "list attributes");
	out->list = keg_arena_alloc(&out->arena, (size_t)len, sizeof *out->list);
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		int r = read_xattr(self, path, name, out, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The name under which this inode is in the archive already; notes it otherwise. */
static const char *first_name(struct differ *self, const struct stat *st)
{
	struct inode key;
	struct linked *found;
	const char *name = keg_buf_text(&self->name);

	memset(&key, 0, sizeof key);
	key.dev = st->st_dev;
	key.ino = st->st_ino;
	HASH_FIND(hh, self->linked, &key, sizeof key, found);
	if (found)
		return found->name;
	found = keg_alloc(1, sizeof *found + strlen(name) + 1);
	found->key = key;
	memcpy(found->name, name, strlen(name) + 1);
	HASH_ADD(hh, self->linked, key, sizeof found->key, found);
	return NULL;
}

/* All of entry.size bytes: zeros where the file became shorter meanwhile. */
static int write_content(struct differ *self, int fd, uint64_t left, struct keg_err *err)
{
	while (left > 0) {
		size_t part = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t n = read(fd, self->chunk, part);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return keg_fail_sys(err, errno, "read");
		if (n == 0) {
			memset(self->chunk, 0, part);
			n = (ssize_t)part;
		}
		int r = tar_writer_data(self->writer, self->chunk, (size_t)n, err);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	return 0;
}

static void entry_from_stat(struct tar_entry *entry, const struct stat *st)
{
	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->mtime = st->st_mtim;
	entry->dev_major = major(st->st_rdev);
	entry->dev_minor = minor(st->st_rdev);
}

static int put_special_name(struct differ *self, const char *base, const struct stat *st,
			    size_t parent, struct keg_err *err)
{
	autofree char *name =
		keg_printf("%.*s%s%s", (int)parent, keg_buf_text(&self->name), WHITEOUT, base);
	struct tar_entry entry = { .type = TAR_FILE, .name = name };

	entry_from_stat(&entry, st);
	entry.mode = 0;
	entry.dev_major = entry.dev_minor = 0;
	return tar_writer_add(self->writer, &entry, err);
}

static bool type_of(const struct stat *st, enum tar_type *out)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		*out = TAR_FILE;
		return true;
	case S_IFDIR:
		*out = TAR_DIR;
		return true;
	case S_IFLNK:
		*out = TAR_SYMLINK;
		return true;
	case S_IFCHR:
		*out = TAR_CHAR;
		return true;
	case S_IFBLK:
		*out = TAR_BLOCKDEV;
		return true;
	case S_IFIFO:
		*out = TAR_FIFO;
		return true;
	default:
		return false; /* a socket */
	}
}

/* A regular file again for reading: the same inode that `fd` names. */
static int open_for_reading(int fd, struct keg_err *err)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int content = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return content < 0 ? keg_fail_sys(err, errno, "open") : content;
}

static int put_node(struct differ *self, int fd, const struct stat *st, enum tar_type type,
		    struct attributes *attributes, struct keg_err *err)
{
	struct tar_entry entry = { .type = type, .name = keg_buf_text(&self->name) };
	autofree char *link = NULL;
	autofd int content = -1;
	int r;

	entry_from_stat(&entry, st);
	const char *first = type != TAR_DIR && st->st_nlink > 1 ? first_name(self, st) : NULL;
	if (first) {
		entry.type = TAR_HARDLINK;
		entry.link = first;
		return tar_writer_add(self->writer, &entry, err);
	}
	r = read_xattrs(self, fd, attributes, err);
	if (r >= 0 && type == TAR_SYMLINK)
		r = keg_readlink(fd, "", &link, err);
	if (r >= 0 && type == TAR_FILE)
		r = content = open_for_reading(fd, err);
	if (r < 0)
		return r;
	entry.link = link;
	entry.size = type == TAR_FILE ? (uint64_t)st->st_size : 0;
	entry.xattrs = attributes->list;
	entry.n_xattrs = attributes->n;
	r = tar_writer_add(self->writer, &entry, err);
	return r < 0 ? r : write_content(self, content, entry.size, err);
}

static int walk(struct differ *self, int fd, unsigned depth, struct keg_err *err);

/* One name of a folder; self->name holds the folder's own, with a slash, up to `parent`. */
static int put_child(struct differ *self, int dir, const char *base, size_t parent, unsigned depth,
		     struct keg_err *err)
{
	auto(attributes) attributes = { 0 };
	struct stat st;
	enum tar_type type;
	autofd int fd = openat(dir, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0; /* removed since it was listed */
	if (fd < 0 || fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
		return keg_fail_sys(err, errno, "open");
	if (!type_of(&st, &type))
		return 0;
	if (self->options->overlay && layer_is_whiteout(&st))
		return put_special_name(self, base, &st, parent, err);

	int r = put_node(self, fd, &st, type, &attributes, err);
	if (r < 0 || type != TAR_DIR)
		return r;
	keg_buf_putc(&self->name, '/');
	if (attributes.opaque)
		r = put_special_name(self, OPAQUE_BASE, &st, self->name.len, err);
	autofd int down =
		r < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r >= 0 && down < 0)
		return keg_fail_sys(err, errno, "open directory");
	return r < 0 ? r : walk(self, down, depth + 1, err);
}

static int list_names(int fd, struct keg_strv *names, struct keg_err *err)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	autodir dir = own < 0 ? NULL : fdopendir(own);

	if (!dir) {
		int sys = errno;

		if (own >= 0)
			close(own);
		return keg_fail_sys(err, sys, "list directory");
	}
	errno = 0;
	for (struct dirent *entry; (entry = readdir(dir)); errno = 0) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			keg_strv_add(names, entry->d_name);
	}
	if (errno)
		return keg_fail_sys(err, errno, "list directory");
	keg_strv_sort(names);
	return 0;
}

/* Depth is bounded, for descriptors and the stack: what is deeper could not be unpacked. */
static int walk(struct differ *self, int fd, unsigned depth, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	size_t parent = self->name.len;
	int r = list_names(fd, &names, err);

	if (depth > LAYER_DEPTH_MAX)
		return keg_fail(err, KEG_EUNSUPPORTED, "more than %d folders deep",
				LAYER_DEPTH_MAX);
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		keg_buf_puts(&self->name, names.v[i]);
		r = put_child(self, fd, names.v[i], parent, depth, err);
		if (r >= 0) /* a failure needs the name */
			keg_buf_cut(&self->name, parent);
	}
	return r;
}

int layer_diff(int root, const struct layer_diff_options *options, struct stream_out *out,
	       struct keg_err *err)
{
	auto(differ) self = {
		.options = options,
		.writer = tar_writer_new(out, options->subsecond_times),
		.chunk = keg_alloc(CHUNK, 1),
	};
	int r = walk(&self, root, 0, err);

	if (r < 0)
		return keg_wrap(err, "pack \"%.200s\"", keg_buf_text(&self.name));
	return tar_writer_end(self.writer, err);
}
