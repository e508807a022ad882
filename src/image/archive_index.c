/* SPDX-License-Identifier: Apache-2.0 */
#include "image/archive_index.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/compress.h"
#include "archive/tar_reader.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/strv.h"
#include "image/spill.h"

enum {
	MEMBERS_MAX = 1 << 20,
	LINKS_MAX = 8, /* one after another */
};

struct archive_index {
	int fd;
	struct archive_member *v;
	size_t n, room;
};

/* Counts the archive's bytes: where a member's content lies is the count before it. */
struct scan {
	struct archive_index *index;
	uint64_t seen;
};

static int scan_bytes(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	(void)bytes;
	(void)err;
	((struct scan *)ctx)->seen += len;
	return 0;
}

static char *clean_name(const char *name)
{
	autofree char *rooted = keg_printf("/%s", name);
	autofree char *clean = keg_path_clean(rooted);

	return keg_strdup(clean + 1);
}

static char *link_target(const struct tar_entry *entry, const char *name)
{
	if (entry->type == TAR_HARDLINK)
		return clean_name(entry->link);

	autofree char *dir = keg_path_dir(name);
	autofree char *joined =
		entry->link[0] == '/' ? keg_strdup(entry->link) : keg_path_join(dir, entry->link);
	return clean_name(joined);
}

static int scan_entry(void *ctx, const struct tar_entry *entry, uint64_t stored,
		      struct keg_err *err)
{
	struct scan *scan = ctx;
	struct archive_index *index = scan->index;
	bool is_link = entry->type == TAR_HARDLINK || entry->type == TAR_SYMLINK;

	if ((entry->type != TAR_FILE && !is_link) || entry->extents)
		return 0;
	if (index->n == MEMBERS_MAX)
		return keg_fail(err, KEG_ECORRUPT, "more than %d members", MEMBERS_MAX);
	if (index->n == index->room) {
		index->room = index->room ? index->room * 2 : 64;
		index->v = keg_realloc(index->v, index->room, sizeof *index->v);
	}
	struct archive_member *member = &index->v[index->n++];
	*member = (struct archive_member){ .name = clean_name(entry->name),
					   .at = scan->seen,
					   .size = stored };
	if (is_link)
		member->link = link_target(entry, member->name);
	return 0;
}

static int scan_done(void *ctx, struct keg_err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

static int scan_all(struct archive_index *index, struct stream_in *in, struct keg_err *err)
{
	struct scan scan = { .index = index };
	const struct tar_watch watch = { .raw = scan_bytes,
					 .entry = scan_entry,
					 .data = scan_bytes,
					 .done = scan_done,
					 .ctx = &scan };
	autoptr(tar_reader) reader = tar_reader_new(in, &watch);
	const struct tar_entry *entry;
	int r;

	while ((r = tar_reader_next(reader, &entry, err)) > 0)
		;
	return r;
}

static int open_input(const char *path, struct keg_err *err)
{
	if (!keg_str_eq(path, "-"))
		return keg_open_at(AT_FDCWD, path, O_RDONLY, 0, err);

	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? keg_fail_sys(err, errno, "read standard input") : fd;
}

/* Is it a regular file that is read from its first byte on, and how is it packed? */
static bool can_be_read_in_place(int fd, enum compression *packing)
{
	unsigned char head[COMPRESSION_MAGIC];
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
		return false;
	ssize_t n = pread(fd, head, sizeof head, 0);
	*packing = n < 0 ? COMPRESSION_NONE : compression_detect(head, (size_t)n);
	return n >= 0;
}

/*
 * Archives packed with what our own code does not unpack are rare enough to leave them to the
 * program that everybody has. Layers never come this way.
 */
static int unpack_by_program(enum compression packing, int from, int to, struct keg_err *err)
{
	const char *program = compression_name(packing);
	const struct keg_spawn what = {
		.argv = (const char *[]){ packing == COMPRESSION_BZIP2 ? "bzip2" : "xz", "-dc",
					  NULL },
		.in = from,
		.out = to,
		.errfd = KEG_SPAWN_NULL,
	};

	autofd int child = keg_spawn(&what, NULL, err);
	if (child < 0)
		return keg_wrap(err, "decompress %s", program);
	int status = keg_spawn_wait(child, err);
	if (status > 0)
		return keg_fail(err, KEG_ECORRUPT, "decompress %s: exit status %d", program,
				status);
	return status;
}

/* The archive, decompressed, in an unnamed file. Takes `fd` over. */
static int spill(int fd, enum compression packing, const char *tmpdir, struct keg_err *err)
{
	autofd int from = fd;

	if (packing == COMPRESSION_XZ || packing == COMPRESSION_BZIP2) {
		autofd int copy = keg_open_unnamed(image_tmpdir(tmpdir), err);
		int r = copy < 0 ? copy : unpack_by_program(packing, from, copy, err);

		return r < 0 ? r : take_fd(&copy);
	}

	struct stream_in *file = stream_in_fd(take_fd(&from));
	autoptr(stream_in) plain = NULL;
	int r = stream_decompress(file, 0, NULL, &plain, err);
	if (r < 0) {
		stream_in_close(file);
		return r;
	}
	return image_spill(plain, tmpdir, NULL, err);
}

int archive_index_of(int fd, struct archive_index **out, struct keg_err *err)
{
	struct archive_index *index = keg_alloc(1, sizeof *index);

	index->fd = fd;
	autoptr(archive_index) owned = index;
	const struct archive_member all = { .size = UINT64_MAX };
	autoptr(stream_in) in = archive_index_stream(index, &all);
	int r = scan_all(index, in, err);
	if (r < 0)
		return r;
	*out = take_ptr(&owned);
	return 0;
}

int archive_index_open(const char *path, const char *tmpdir, struct archive_index **out,
		       struct keg_err *err)
{
	autofd int fd = open_input(path, err);

	if (fd < 0)
		return fd;
	enum compression packing = COMPRESSION_NONE;
	if (!can_be_read_in_place(fd, &packing) || packing != COMPRESSION_NONE) {
		int plain = spill(take_fd(&fd), packing, tmpdir, err);
		if (plain < 0)
			return keg_wrap(err, "%s", path);
		fd = plain;
	}

	int r = archive_index_of(take_fd(&fd), out, err);
	return r < 0 ? keg_wrap(err, "%s", path) : r;
}

void archive_index_close(struct archive_index *index)
{
	for (size_t i = 0; i < index->n; i++) {
		free(index->v[i].name);
		free(index->v[i].link);
	}
	free(index->v);
	if (index->fd >= 0)
		close(index->fd);
	free(index);
}

/* Of several with one name the last counts, as when unpacking. */
static const struct archive_member *find(const struct archive_index *index, const char *name)
{
	for (size_t i = index->n; i > 0; i--) {
		if (keg_str_eq(index->v[i - 1].name, name))
			return &index->v[i - 1];
	}
	return NULL;
}

const struct archive_member *archive_index_find(const struct archive_index *index, const char *name)
{
	autofree char *clean = clean_name(name);
	const struct archive_member *member = find(index, clean);

	for (int i = 0; member && member->link; i++)
		member = i < LINKS_MAX ? find(index, member->link) : NULL;
	return member;
}

int archive_index_read(const struct archive_index *index, const char *name, size_t most,
		       struct keg_buf *out, struct keg_err *err)
{
	const struct archive_member *member = archive_index_find(index, name);

	if (!member)
		return keg_fail(err, KEG_ENOTFOUND, "the archive has no file \"%s\"", name);
	autoptr(stream_in) in = archive_index_stream(index, member);
	return stream_read_all(in, most, out, err);
}

struct stream_in *archive_index_stream(const struct archive_index *index,
				       const struct archive_member *member)
{
	return stream_in_window(index->fd, member->at, member->size);
}
