/* SPDX-License-Identifier: Apache-2.0 */
/* Tar-split line by line, whatever the pieces in which its text comes. */
#include <string.h>

#include "archive/tar_split_format.h"

enum {
	CHUNK = 256 << 10,
	LINE_MOST = 64 << 20, /* peers write what follows the archive's end as one line */
};

void tar_split_lines_done(struct tar_split_lines *lines)
{
	keg_buf_done(&lines->text);
	keg_arena_done(&lines->arena);
}

/* The text of the next line, without its end. */
static int next_text(struct tar_split_lines *self, const char **line, size_t *len,
		     struct keg_err *err)
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

int tar_split_next(struct tar_split_lines *lines, const struct tar_split_line **out,
		   struct keg_err *err)
{
	const char *text = NULL;
	size_t len = 0;
	int r = next_text(lines, &text, &len, err);

	if (r > 0) {
		keg_arena_done(&lines->arena);
		lines->line = (struct tar_split_line){ 0 };
		r = tar_split_get(text, len, &lines->arena, &lines->line, err);
		r = r < 0 ? r : 1;
	}
	if (r < 0)
		return keg_wrap(err, "tar-split");
	*out = &lines->line;
	return r;
}
