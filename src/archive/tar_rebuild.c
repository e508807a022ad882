/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/tar_rebuild.h"

#include <stdbool.h>
#include <string.h>

#include "archive/tar_split.h"
#include "archive/tar_split_format.h"
#include "base/mem.h"

struct rebuilder {
	struct stream_in in;
	struct tar_contents contents;
	struct tar_split_lines lines;
	const struct tar_split_line *line;
	size_t taken; /* of a segment's bytes */
	struct stream_in *content;
	uint64_t left; /* of it */
	bool ended;
};

static ssize_t read_content(struct rebuilder *self, void *bytes, size_t room, struct keg_err *err)
{
	if (self->left == 0) {
		ssize_t more = self->content->read(self->content, bytes, room, err);

		if (more > 0)
			more = keg_fail(err, KEG_ECORRUPT, "\"%.200s\" is longer than its size",
					self->line->name);
		stream_in_close(take_ptr(&self->content));
		return more;
	}
	ssize_t n = self->content->read(self->content, bytes,
					self->left < room ? (size_t)self->left : room, err);
	if (n == 0)
		n = keg_fail(err, KEG_ECORRUPT, "\"%.200s\" is shorter than its size",
			     self->line->name);
	if (n > 0)
		self->left -= (uint64_t)n;
	return n;
}

static int next_line(struct rebuilder *self, struct keg_err *err)
{
	self->taken = 0;
	int r = tar_split_next(&self->lines, &self->line, err);

	self->ended = r == 0;
	if (r <= 0 || self->line->type == TAR_SPLIT_SEGMENT || self->line->size == 0)
		return r;
	self->left = self->line->size;
	return self->contents.open(self->contents.ctx, self->line->name, self->line->size,
				   &self->content, err);
}

static ssize_t rebuilder_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct rebuilder *self = (struct rebuilder *)in;

	while (!self->ended) {
		if (self->content) {
			ssize_t n = read_content(self, bytes, room, err);

			if (n != 0)
				return n;
			continue;
		}
		bool segment = self->line && self->line->type == TAR_SPLIT_SEGMENT;
		if (segment && self->taken < self->line->n_payload)
			return (ssize_t)stream_hand_out(self->line->payload, self->line->n_payload,
							&self->taken, bytes, room);
		int r = next_line(self, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void rebuilder_close(struct stream_in *in)
{
	struct rebuilder *self = (struct rebuilder *)in;

	stream_in_close(self->content);
	stream_in_close(self->lines.split);
	tar_split_lines_done(&self->lines);
	free(self);
}

struct stream_in *stream_in_rebuilt(struct stream_in *split, const struct tar_contents *contents)
{
	struct rebuilder *self = keg_alloc(1, sizeof *self);

	self->in = (struct stream_in){ rebuilder_read, rebuilder_close };
	self->contents = *contents;
	self->lines.split = split;
	return &self->in;
}
