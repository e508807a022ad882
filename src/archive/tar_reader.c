/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One buffer holds what was read ahead; headers are taken from it block by block and content is
 * handed out as slices of it, without another copy. The member's own header comes last,
 * after its extension headers (tar_meta.h); only then is the entry put together.
 */
#include "archive/tar_reader.h"

#include <stdbool.h>
#include <string.h>

#include "archive/tar_header.h"
#include "archive/tar_meta.h"
#include "archive/tar_said.h"
#include "base/mem.h"
#include "base/strv.h"

enum { BUFFER = 256 << 10, HEADERS_MAX = 64 /* extension headers before one member */ };

struct tar_reader {
	struct stream_in *in;
	const struct tar_watch *watch;
	struct tar_meta meta;
	struct tar_entry entry;
	char name[256 + 1], link[100 + 1]; /* of the header block */
	uint64_t position;		   /* of what is next in the buffer, in the archive */
	bool ended, in_member;

	/* The content of the current member. */
	uint64_t stored;     /* bytes still to come */
	uint64_t padding;    /* bytes after them */
	size_t extent;	     /* of a sparse file, the current one ... */
	uint64_t extent_got; /* ... and how much of it was handed out */
	uint64_t offset;     /* of a plain file */

	size_t at, have;
	char buffer[BUFFER];
};

struct tar_reader *tar_reader_new(struct stream_in *in, const struct tar_watch *watch)
{
	struct tar_reader *self = keg_alloc(1, sizeof *self);

	self->in = in;
	self->watch = watch;
	return self;
}

void tar_reader_free(struct tar_reader *self)
{
	tar_meta_done(&self->meta);
	free(self);
}

/* Have at least `want` bytes in a row, unless the archive ends first. */
static int fill(struct tar_reader *self, size_t want, struct keg_err *err)
{
	if (self->have - self->at >= want)
		return 0;
	memmove(self->buffer, self->buffer + self->at, self->have - self->at);
	self->have -= self->at;
	self->at = 0;
	while (self->have < want) {
		ssize_t n = self->in->read(self->in, self->buffer + self->have,
					   sizeof self->buffer - self->have, err);

		if (n <= 0)
			return (int)n;
		self->have += (size_t)n;
	}
	return 0;
}

static void consume(struct tar_reader *self, size_t len)
{
	self->at += len;
	self->position += len;
}

static int show_raw(struct tar_reader *self, const void *bytes, size_t len, struct keg_err *err)
{
	return self->watch ? self->watch->raw(self->watch->ctx, bytes, len, err) : 0;
}

static int truncated(struct keg_err *err)
{
	return keg_fail(err, KEG_ECORRUPT, "unexpected end of the archive");
}

/* Take one whole block; NULL with *r 0 at the clean end of the stream. */
static const void *take_block(struct tar_reader *self, int *r, struct keg_err *err)
{
	*r = fill(self, TAR_BLOCK, err);
	size_t have = self->have - self->at;
	if (*r < 0 || have == 0)
		return NULL;
	if (have < TAR_BLOCK) {
		*r = truncated(err);
		return NULL;
	}

	const void *block = self->buffer + self->at;
	*r = show_raw(self, block, TAR_BLOCK, err);
	if (*r < 0)
		return NULL;
	consume(self, TAR_BLOCK);
	return block;
}

/* The same where the archive may not end. */
static int need_block(struct tar_reader *self, const void **block, struct keg_err *err)
{
	int r;
	const void *got = take_block(self, &r, err);

	if (r < 0)
		return r;
	if (!got)
		return truncated(err);
	*block = got;
	return 0;
}

/* Pass over bytes that only the watch wants. */
static int skip_raw(struct tar_reader *self, uint64_t len, struct keg_err *err)
{
	while (len > 0) {
		int r = fill(self, 1, err);
		size_t part = self->have - self->at;

		if (r < 0)
			return r;
		if (part == 0)
			return truncated(err);
		part = part < len ? part : (size_t)len;
		r = show_raw(self, self->buffer + self->at, part, err);
		if (r < 0)
			return r;
		consume(self, part);
		len -= part;
	}
	return 0;
}

static uint64_t padding_of(uint64_t size)
{
	return -size & (TAR_BLOCK - 1);
}

/* The payload of an extension header, NUL-terminated, in memory the caller frees. */
static int take_payload(struct tar_reader *self, const struct tar_block *block, char **out,
			size_t *len, struct keg_err *err)
{
	uint64_t size = 0;
	int r = tar_natural(block->size, sizeof block->size, "size", INT64_MAX, &size, err);

	if (r < 0)
		return r;
	if (size > TAR_META_MAX)
		return keg_fail(err, KEG_ECORRUPT, "extension header of %llu bytes is too long",
				(unsigned long long)size);

	autofree char *bytes = keg_alloc((size_t)size + 1, 1);
	for (size_t got = 0; got < size;) {
		r = fill(self, 1, err);
		size_t part = self->have - self->at;
		if (r < 0)
			return r;
		if (part == 0)
			return truncated(err);
		part = part < size - got ? part : (size_t)size - got;
		memcpy(bytes + got, self->buffer + self->at, part);
		consume(self, part);
		got += part;
	}
	r = show_raw(self, bytes, (size_t)size, err);
	if (r >= 0)
		r = skip_raw(self, padding_of(size), err);
	if (r < 0)
		return r;
	*out = take_ptr(&bytes);
	*len = (size_t)size;
	return 0;
}

/* Headers that say something about the next member. Returns 1 when this was one. */
static int take_extension(struct tar_reader *self, const struct tar_block *header,
			  struct keg_err *err)
{
	struct tar_block block = *header; /* the buffer moves */
	struct tar_meta *meta = &self->meta;
	autofree char *payload = NULL;
	size_t len = 0;

	if (!strchr("xgLKV", block.type) || block.type == '\0')
		return 0;
	int r = take_payload(self, &block, &payload, &len, err);
	if (r < 0)
		return r;
	switch (block.type) {
	case 'x':
		r = tar_meta_pax(meta, payload, len, err);
		return r < 0 ? r : 1;
	case 'L':
		meta->path = keg_arena_strdup(&meta->arena, payload);
		return 1;
	case 'K':
		meta->link = keg_arena_strdup(&meta->arena, payload);
		return 1;
	default: /* global headers and volume labels say nothing about files, as in Go */
		return 1;
	}
}

static void copy_field(char *out, const char *field, size_t len)
{
	size_t used = strnlen(field, len);

	memcpy(out, field, used);
	out[used] = '\0';
}

static void take_names(struct tar_reader *self, const struct tar_block *block)
{
	enum tar_format format = tar_format_of(block);
	size_t prefix = format == TAR_USTAR  ? sizeof block->prefix
			: format == TAR_STAR ? sizeof block->star_prefix
					     : 0;
	size_t used = strnlen(block->prefix, prefix);

	if (used > 0) {
		copy_field(self->name, block->prefix, prefix);
		self->name[used++] = '/';
	}
	copy_field(self->name + used, block->name, sizeof block->name);
	copy_field(self->link, block->link, sizeof block->link);

	const struct tar_meta *meta = &self->meta;
	self->entry.name = meta->real_path ? meta->real_path : meta->path ? meta->path : self->name;
	self->entry.link = meta->link ? meta->link : self->link;
}

/* Owners, mode, time and device. */
static int take_numbers(struct tar_reader *self, const struct tar_block *block, struct keg_err *err)
{
	const struct tar_meta *meta = &self->meta;
	struct tar_entry *entry = &self->entry;
	uint64_t uid = meta->uid, gid = meta->gid, mode, major = 0, minor = 0;
	int64_t mtime = 0;
	int r = tar_natural(block->mode, sizeof block->mode, "mode", UINT32_MAX, &mode, err);

	if (r >= 0 && !meta->has_uid)
		r = tar_natural(block->uid, sizeof block->uid, "uid", TAR_ID_MAX, &uid, err);
	if (r >= 0 && !meta->has_gid)
		r = tar_natural(block->gid, sizeof block->gid, "gid", TAR_ID_MAX, &gid, err);
	if (r >= 0 && !meta->has_mtime)
		r = tar_number(block->mtime, sizeof block->mtime, "mtime", &mtime, err);
	if (r >= 0 && (entry->type == TAR_CHAR || entry->type == TAR_BLOCKDEV)) {
		r = tar_natural(block->dev_major, sizeof block->dev_major, "device number",
				UINT32_MAX, &major, err);
		if (r >= 0)
			r = tar_natural(block->dev_minor, sizeof block->dev_minor, "device number",
					UINT32_MAX, &minor, err);
	}
	if (r < 0)
		return r;
	entry->mode = (uint32_t)mode & 07777;
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	entry->mtime = meta->has_mtime ? meta->mtime : (struct timespec){ .tv_sec = mtime };
	entry->dev_major = (uint32_t)major;
	entry->dev_minor = (uint32_t)minor;
	return 0;
}

/* Extents of the old GNU format, from the header or an extension; an empty pair ends them. */
static int add_gnu_extents(struct tar_reader *self, const char (*pairs)[2][12], size_t n,
			   struct keg_err *err)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = 0, len = 0;

		if (pairs[i][0][0] == '\0')
			return 0;
		int r = tar_natural(pairs[i][0], 12, "sparse map", INT64_MAX, &at, err);
		if (r >= 0)
			r = tar_natural(pairs[i][1], 12, "sparse map", INT64_MAX, &len, err);
		if (r >= 0)
			r = tar_extents_add(&self->meta.extents, at, len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_gnu_map(struct tar_reader *self, const struct tar_block *block, struct keg_err *err)
{
	bool extended = block->gnu_extended != '\0';
	int r = tar_natural(block->gnu_realsize, sizeof block->gnu_realsize, "size", INT64_MAX,
			    &self->meta.real_size, err);

	self->meta.sparse = self->meta.has_real_size = true;
	self->meta.extents.n = 0;
	if (r >= 0)
		r = add_gnu_extents(self, block->gnu_sparse, KEG_COUNT(block->gnu_sparse), err);
	while (r >= 0 && extended) {
		const void *bytes = NULL;

		r = need_block(self, &bytes, err);
		if (!bytes)
			return r;
		const struct tar_sparse_block *more = bytes;
		extended = more->extended != '\0';
		r = add_gnu_extents(self, more->sparse, TAR_GNU_EXTENTS, err);
	}
	return r;
}

/* One "NUMBER\n" of a map that stands before the data. */
struct map_cursor {
	const char *block;
	size_t at;
};

static int take_map_number(struct tar_reader *self, struct map_cursor *cursor, uint64_t *out,
			   struct keg_err *err)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (;; digits++) {
		if (cursor->at == TAR_BLOCK || !cursor->block) {
			if (self->stored < TAR_BLOCK)
				return keg_fail(err, KEG_ECORRUPT, "sparse map without an end");
			const void *bytes = NULL;
			int r = need_block(self, &bytes, err);
			if (r < 0)
				return r;
			cursor->block = bytes;
			self->stored -= TAR_BLOCK;
			cursor->at = 0;
		}
		char c = cursor->block[cursor->at++];
		if (c == '\n' && digits > 0)
			break;
		if (c < '0' || c > '9' || digits == 18)
			return keg_fail(err, KEG_ECORRUPT, "malformed map of a sparse file");
		value = 10 * value + (uint64_t)(c - '0');
	}
	*out = value;
	return 0;
}

/* GNU.sparse 1.0: the count, then pairs, padded to whole blocks. */
static int take_map_in_data(struct tar_reader *self, struct keg_err *err)
{
	struct map_cursor cursor = { 0 };
	uint64_t n = 0;
	int r = take_map_number(self, &cursor, &n, err);

	self->meta.extents.n = 0;
	for (uint64_t i = 0; r >= 0 && i < n; i++) {
		uint64_t at = 0, len = 0;

		r = take_map_number(self, &cursor, &at, err);
		if (r >= 0)
			r = take_map_number(self, &cursor, &len, err);
		if (r >= 0)
			r = tar_extents_add(&self->meta.extents, at, len, err);
	}
	return r;
}

/* How much content follows, and where in the file it goes. */
static int take_size(struct tar_reader *self, const struct tar_block *block, struct keg_err *err)
{
	struct tar_meta *meta = &self->meta;
	struct tar_entry *entry = &self->entry;
	uint64_t size = meta->size;
	int r = 0;

	if (!meta->has_size)
		r = tar_natural(block->size, sizeof block->size, "size", INT64_MAX, &size, err);
	if (r < 0)
		return r;
	/* Links, devices, directories and fifos have no content, whatever they say (as in Go). */
	if (entry->type != TAR_FILE)
		return 0;
	self->stored = entry->size = size;
	self->padding = padding_of(size);
	if (block->type == 'S')
		r = take_gnu_map(self, block, err);
	if (r < 0 || !meta->sparse)
		return r;
	if (meta->offset_pending || !meta->has_real_size)
		return keg_fail(err, KEG_ECORRUPT, "incomplete map of a sparse file");
	if (meta->map_in_data)
		r = take_map_in_data(self, err);
	if (r >= 0)
		r = tar_extents_check(&meta->extents, meta->real_size, self->stored, err);
	if (r < 0)
		return r;
	static const struct tar_extent none;
	entry->size = meta->real_size;
	entry->extents = meta->extents.n ? meta->extents.list : &none;
	entry->n_extents = meta->extents.n;
	return 0;
}

static int take_type(struct tar_reader *self, const struct tar_block *block, struct keg_err *err)
{
	char type = block->type;

	if (type == '\0' && keg_str_ends(self->entry.name, "/"))
		type = TAR_DIR; /* Version 7 had no other sign */
	if (type == '\0' || type == '7' || type == 'S')
		type = TAR_FILE;
	if (type < TAR_FILE || type > TAR_FIFO)
		return keg_fail(err, KEG_ECORRUPT, "unsupported member type 0x%02x",
				(unsigned char)type);
	self->entry.type = (enum tar_type)type;
	return 0;
}

static int take_member(struct tar_reader *self, const struct tar_block *header, struct keg_err *err)
{
	struct tar_block block = *header; /* the buffer moves */

	self->entry = (struct tar_entry){ 0 };
	self->stored = self->padding = self->offset = self->extent_got = 0;
	self->extent = 0;
	take_names(self, &block);
	int r = take_type(self, &block, err);
	if (r >= 0)
		r = take_numbers(self, &block, err);
	if (r >= 0)
		r = take_size(self, &block, err);
	if (self->watch && self->watch->said)
		tar_said_take(&self->entry.said, &block, &self->meta, self->link);
	if (r < 0)
		return keg_wrap(err, "member \"%.200s\"", self->entry.name);
	if (self->entry.type != TAR_HARDLINK && self->entry.type != TAR_SYMLINK)
		self->entry.link = "";
	self->entry.xattrs = self->meta.xattrs;
	self->entry.n_xattrs = self->meta.n_xattrs;
	self->in_member = true;
	if (!self->watch)
		return 1;
	r = self->watch->entry(self->watch->ctx, &self->entry,
			       self->entry.extents ? 0 : self->stored, err);
	return r < 0 ? r : 1;
}

/* Two zero blocks end the archive; what follows belongs to nobody but is part of the stream. */
static int take_end(struct tar_reader *self, struct keg_err *err)
{
	int r;
	const void *block = take_block(self, &r, err);

	if (r < 0)
		return r;
	if (block && !tar_block_is_zero(block))
		return keg_fail(err, KEG_ECORRUPT, "zero block in the middle of the archive");
	self->ended = true;
	for (;;) {
		r = fill(self, 1, err);
		size_t rest = self->have - self->at;
		if (r < 0 || rest == 0)
			return r;
		r = show_raw(self, self->buffer + self->at, rest, err);
		if (r < 0)
			return r;
		consume(self, rest);
	}
}

static int finish_member(struct tar_reader *self, struct keg_err *err)
{
	const void *bytes;
	uint64_t at;
	size_t len;
	int r;

	do
		r = tar_reader_data(self, &bytes, &len, &at, err);
	while (r > 0);
	if (r >= 0)
		r = skip_raw(self, self->padding, err);
	self->padding = 0;
	return r;
}

static int next(struct tar_reader *self, struct keg_err *err)
{
	tar_meta_reset(&self->meta);
	for (int headers = 0; headers < HEADERS_MAX; headers++) {
		int r;
		const struct tar_block *block = take_block(self, &r, err);

		if (!block) {
			self->ended = r == 0;
			return r;
		}
		if (tar_block_is_zero(block))
			return take_end(self, err);
		if (!tar_checksum_is_right(block))
			return keg_fail(err, KEG_ECORRUPT, "invalid tar header");
		r = take_extension(self, block, err);
		if (r == 0)
			return take_member(self, block, err);
		if (r < 0)
			return r;
	}
	return keg_fail(err, KEG_ECORRUPT, "more than %d extension headers in a row", HEADERS_MAX);
}

int tar_reader_next(struct tar_reader *self, const struct tar_entry **entry, struct keg_err *err)
{
	if (self->ended)
		return 0;

	int r = finish_member(self, err);
	if (r < 0)
		return keg_wrap(err, "member \"%.200s\"", self->entry.name);

	uint64_t start = self->position;
	r = next(self, err);
	if (r < 0)
		return err->code == KEG_ECORRUPT
			       ? keg_wrap(err, "tar at byte %llu", (unsigned long long)start)
			       : r;
	*entry = &self->entry;
	return r;
}

/* How far the data goes on in one piece, and its offset in the file. */
static uint64_t piece(struct tar_reader *self, uint64_t *at)
{
	const struct tar_entry *entry = &self->entry;

	if (!entry->extents) {
		*at = self->offset;
		return self->stored;
	}
	if (self->extent_got == entry->extents[self->extent].len) {
		self->extent++;
		self->extent_got = 0;
	}
	const struct tar_extent *e = &entry->extents[self->extent];
	*at = e->at + self->extent_got;
	return e->len - self->extent_got;
}

int tar_reader_data(struct tar_reader *self, const void **bytes, size_t *len, uint64_t *at,
		    struct keg_err *err)
{
	const struct tar_watch *watch = self->watch;
	bool plain = !self->entry.extents;

	if (!self->in_member)
		return 0;
	if (self->stored == 0) {
		self->in_member = false;
		return watch && plain && self->offset ? watch->done(watch->ctx, err) : 0;
	}

	int r = fill(self, 1, err);
	size_t part = self->have - self->at;
	if (r < 0)
		return r;
	if (part == 0)
		return truncated(err);
	uint64_t whole = piece(self, at);
	part = part < whole ? part : (size_t)whole;
	*bytes = self->buffer + self->at;
	*len = part;
	if (watch)
		r = plain ? watch->data(watch->ctx, *bytes, part, err)
			  : watch->raw(watch->ctx, *bytes, part, err);
	if (r < 0)
		return r;
	consume(self, part);
	self->stored -= part;
	self->offset += part;
	self->extent_got += part;
	return 1;
}
