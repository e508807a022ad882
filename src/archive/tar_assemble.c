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

enum { CHUNK = 256 << 10 };

struct assembler {
	struct stream_out *out;
	struct layer_dirs dirs;
	struct tar_split_lines lines;
	char *chunk;
};

static void assembler_done(struct assembler *self)
{
	layer_dirs_flush(&self->dirs);
	tar_split_lines_done(&self->lines);
	free(self->chunk);
}
KEG_AUTO(assembler, assembler_done)

static int put_content(struct assembler *self, const struct tar_split_line *line,
		       struct keg_err *err)
{
	unsigned char sum[TAR_SPLIT_CRC];
	uint64_t crc = 0, left = line->size;
	autofd int fd = layer_dirs_open_file(&self->dirs, line->name, line->size, err);

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

static int put_line(struct assembler *self, const struct tar_split_line *line, struct keg_err *err)
{
	if (line->type == TAR_SPLIT_SEGMENT)
		return self->out->write(self->out, line->payload, line->n_payload, err);
	if (line->size == 0)
		return 0;
	int r = put_content(self, line, err);
	return r < 0 ? keg_wrap(err, "layer file \"%.200s\"", line->name) : 0;
}

int tar_split_assemble(struct stream_in *split, int tree, struct stream_out *out,
		       struct keg_err *err)
{
	auto(assembler) self = {
		.out = out,
		.dirs = { .root = tree },
		.lines = { .split = split },
		.chunk = keg_alloc(CHUNK, 1),
	};
	const struct tar_split_line *line = NULL;
	int r;

	while ((r = tar_split_next(&self.lines, &line, err)) > 0) {
		r = put_line(&self, line, err);
		if (r < 0)
			return r;
	}
	return r;
}
