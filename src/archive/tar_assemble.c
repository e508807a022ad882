/* SPDX-License-Identifier: Apache-2.0 */
/* Assembling: line after line, raw bytes as they stand and files' contents from the tree. */
#include <errno.h>
#include <fcntl.h>
#include <isa-l/crc64.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/layer_dirs.h"
#include "archive/tar_split.h"
#include "archive/tar_split_format.h"
#include "base/mem.h"

enum {
	CHUNK = 256 << 10,
	LINE_MOST = 64 << 20, /* peers write what follows the archive's end as one line */
};

struct assembler {
	struct stream_in *split;
	struct stream_out *out;
	struct layer_dirs dirs;
	struct keg_buf clean, text; /* `text` from `at` on is not used yet */
	size_t at;
	char *chunk;
};

static void assembler_done(struct assembler *self)
{
	layer_dirs_flush(&self->dirs);
	keg_buf_done(&self->clean);
	keg_buf_done(&self->text);
	free(self->chunk);
}
KEG_AUTO(assembler, assembler_done)

/* 1 with a line that is valid until the next call, 0 at the end. */
static int next_line(struct assembler *self, const char **line, size_t *len, struct keg_err *err)
{
	size_t searched = 0;

	for (;;) {
		const char *start = keg_buf_text(&self->text) + self->at;
		size_t have = self->text.len - self->at;
		const char *end = memchr(start + searched, '\n', have - searched);

		if (end) {
			*line = start;
			*len = (size_t)(end - start);
			self->at += *len + 1;
			return 1;
		}
		if (have > LINE_MOST)
			return keg_fail(err, KEG_ECORRUPT, "line of more than %d bytes", LINE_MOST);
		if (self->at > 0 && self->text.data) {
			memmove(self->text.data, start, have);
			keg_buf_cut(&self->text, have);
			self->at = 0;
		}
		searched = have;
		ssize_t n = self->split->read(self->split, keg_buf_reserve(&self->text, CHUNK),
					      CHUNK, err);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return have ? keg_fail(err, KEG_ECORRUPT, "ends in the middle of a line")
				    : 0;
		self->text.len += (size_t)n;
		self->text.data[self->text.len] = '\0';
	}
}

/* A regular file of that size, and no other, below the tree. */
static int open_content(struct assembler *self, const struct tar_split_line *line,
			struct keg_err *err)
{
	struct stat st;
	size_t parent;

	if (!layer_name_clean(line->name, &self->clean) || self->clean.len == 0)
		return keg_fail(err, KEG_ECORRUPT, "name leads out of the layer");
	const char *base = layer_name_base(keg_buf_text(&self->clean), &parent);
	const struct layer_dir *dir =
		layer_dirs_get(&self->dirs, keg_buf_text(&self->clean), parent);
	autofd int fd = !dir ? -1
			     : openat(dir->fd, base,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO))
		return keg_fail(err, KEG_ECORRUPT, "the file is missing from the layer");
	if (fd < 0 || fstat(fd, &st) < 0)
		return keg_fail_sys(err, errno, "open");
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != line->size)
		return keg_fail(err, KEG_ECORRUPT,
				"the file was changed: its size is %lld, not %llu",
				(long long)st.st_size, (unsigned long long)line->size);
	return take_fd(&fd);
}

static int put_content(struct assembler *self, const struct tar_split_line *line,
		       struct keg_err *err)
{
	unsigned char sum[TAR_SPLIT_CRC];
	uint64_t crc = 0, left = line->size;
	autofd int fd = open_content(self, line, err);

	if (fd < 0)
		return fd;
	while (left > 0) {
		ssize_t n = read(fd, self->chunk, left < CHUNK ? (size_t)left : CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return keg_fail_sys(err, errno, "read");
		if (n == 0)
			return keg_fail(err, KEG_ECORRUPT, "the file became shorter");
		crc = crc64_iso_refl(crc, (const unsigned char *)self->chunk, (uint64_t)n);
		int r = self->out->write(self->out, self->chunk, (size_t)n, err);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	tar_split_crc(sum, crc);
	if (memcmp(sum, line->payload, sizeof sum) != 0)
		return keg_fail(err, KEG_ECORRUPT, "the file was changed: its checksum differs");
	return 0;
}

static int put_line(struct assembler *self, const char *text, size_t len, struct keg_err *err)
{
	struct tar_split_line line;
	auto(keg_arena) arena = { 0 };
	int r = tar_split_get(text, len, &arena, &line, err);

	if (r < 0)
		return keg_wrap(err, "tar-split");
	if (line.type == TAR_SPLIT_SEGMENT)
		return self->out->write(self->out, line.payload, line.n_payload, err);
	if (line.size == 0)
		return 0;
	r = put_content(self, &line, err);
	return r < 0 ? keg_wrap(err, "layer file \"%.200s\"", line.name) : 0;
}

int tar_split_assemble(struct stream_in *split, int tree, struct stream_out *out,
		       struct keg_err *err)
{
	auto(assembler) self = {
		.split = split,
		.out = out,
		.dirs = { .root = tree },
		.chunk = keg_alloc(CHUNK, 1),
	};
	const char *line = NULL;
	size_t len = 0;
	int r;

	while ((r = next_line(&self, &line, &len, err)) > 0) {
		r = put_line(&self, line, len, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? keg_wrap(err, "tar-split") : 0;
}
