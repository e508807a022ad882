/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording: raw bytes gather in `segment` until a member with its name comes; then both are
 * written as a line each. A file's line waits for its checksum, that is for done().
 */
#include <isa-l/crc64.h>
#include <string.h>
#define HASH_FUNCTION HASH_FNV /* the default falls through its labels, which clang reports */
#include <uthash.h>

#include "archive/layer_dirs.h"
#include "archive/tar_split.h"
#include "archive/tar_split_format.h"
#include "base/mem.h"
#include "base/num.h"

enum {
	SEGMENT_MOST = 1 << 20, /* raw bytes of one line: the data of sparse files may be long */
	OUT_MOST = 256 << 10,	/* text gathered before it is handed on */
};

struct seen {
	UT_hash_handle hh;
	char path[];
};

struct tar_split_recorder {
	struct tar_watch watch;
	struct stream_out *out;
	struct keg_buf segment, text, clean;
	char *name; /* of the file whose content flows by */
	uint64_t size, position, crc;
	struct seen *seen;
};

static int hand_on(struct tar_split_recorder *self, size_t when, struct keg_err *err)
{
	if (self->text.len <= when)
		return 0;
	int r = self->out->write(self->out, self->text.data, self->text.len, err);
	keg_buf_cut(&self->text, 0);
	return r;
}

static int end_segment(struct tar_split_recorder *self, struct keg_err *err)
{
	if (self->segment.len == 0)
		return 0;
	tar_split_put_segment(&self->text, self->segment.data, self->segment.len, self->position++);
	keg_buf_cut(&self->segment, 0);
	return hand_on(self, OUT_MOST, err);
}

static int watch_raw(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct tar_split_recorder *self = ctx;

	keg_buf_add(&self->segment, bytes, len);
	return self->segment.len >= SEGMENT_MOST ? end_segment(self, err) : 0;
}

static int note_path(struct tar_split_recorder *self, const char *name, struct keg_err *err)
{
	struct seen *found;

	if (!layer_name_clean(name, &self->clean))
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\" leads out of the layer", name);
	HASH_FIND(hh, self->seen, keg_buf_text(&self->clean), self->clean.len, found);
	if (found)
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\" comes twice in the layer", name);
	found = keg_alloc(1, sizeof *found + self->clean.len + 1);
	memcpy(found->path, keg_buf_text(&self->clean), self->clean.len + 1);
	HASH_ADD_KEYPTR(hh, self->seen, found->path, self->clean.len, found);
	return 0;
}

static int put_file(struct tar_split_recorder *self, const char *name, uint64_t size,
		    struct keg_err *err)
{
	tar_split_put_file(&self->text, name, size, self->crc, self->position++);
	return hand_on(self, OUT_MOST, err);
}

static int watch_entry(void *ctx, const struct tar_entry *entry, uint64_t stored,
		       struct keg_err *err)
{
	struct tar_split_recorder *self = ctx;
	int r = note_path(self, entry->name, err);

	if (r >= 0)
		r = end_segment(self, err);
	if (r < 0)
		return r;
	if (stored == 0)
		return put_file(self, entry->name, 0, err);
	self->name = keg_strdup(entry->name);
	self->size = stored;
	self->crc = 0;
	return 0;
}

static int watch_data(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct tar_split_recorder *self = ctx;

	(void)err;
	self->crc = crc64_iso_refl(self->crc, bytes, len);
	return 0;
}

static int watch_done(void *ctx, struct keg_err *err)
{
	struct tar_split_recorder *self = ctx;
	autofree char *name = take_ptr(&self->name);

	return put_file(self, name, self->size, err);
}

struct tar_split_recorder *tar_split_recorder_new(struct stream_out *out)
{
	struct tar_split_recorder *self = keg_alloc(1, sizeof *self);

	self->out = out;
	self->watch = (struct tar_watch){ watch_raw, watch_entry, watch_data, watch_done, self };
	return self;
}

void tar_split_recorder_free(struct tar_split_recorder *self)
{
	struct seen *each = self->seen;

	HASH_CLEAR(hh, self->seen); /* the table; its items stay chained */
	for (struct seen *next; each; each = next) {
		next = each->hh.next;
		free(each);
	}
	keg_buf_done(&self->segment);
	keg_buf_done(&self->text);
	keg_buf_done(&self->clean);
	free(self->name);
	free(self);
}

const struct tar_watch *tar_split_recorder_watch(struct tar_split_recorder *self)
{
	return &self->watch;
}

int tar_split_recorder_end(struct tar_split_recorder *self, struct keg_err *err)
{
	int r = end_segment(self, err);

	return r < 0 ? r : hand_on(self, 0, err);
}
