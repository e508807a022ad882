/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader shows its bytes as they pass (struct tar_watch): headers and padding gather in
 * a frame, and each chunk of content gets its own. Rows and tar-split are packed as they
 * are made, so that a layer of many files needs memory for the packed ones only.
 */
#include "archive/chunked_writer.h"

#include <stdio.h>
#include <string.h>

#include "archive/chunk_split.h"
#include "archive/compress.h"
#include "archive/stream_tap.h"
#include "archive/tar_split.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

enum { SKIPPABLE_HEADER = 8 };

struct chunk {
	uint64_t at, size, frame; /* in the file; where its frame begins in the blob */
	bool zeros;
	unsigned char digest[KEG_SHA256_SIZE];
};

/* Text that is packed while it is written: plain length and digest of the packed. */
struct side {
	struct keg_buf packed;
	struct stream_tap plain;
	struct stream_out *out;
};

struct chunker {
	struct stream_in in;
	struct stream_in *from;
	struct tar_reader *reader;
	struct tar_watch watch;
	struct chunked_layout *layout;

	struct stream_out *frames; /* zstd; ends in `pending` */
	struct keg_buf pending;
	size_t taken;	/* of it */
	uint64_t given; /* bytes before `pending` */
	bool in_frame, in_member, ended;

	const char *why_plain; /* NULL: all can be described so far */
	struct side toc, split;
	struct tar_split_recorder *recorder;
	bool have_rows;

	/* The file whose content passes. */
	struct keg_arena arena;
	struct chunked_row row;
	struct chunk_split cutter;
	struct keg_sha256 whole, part;
	struct chunk *chunks;
	size_t n_chunks, room_chunks;
};

static uint64_t position(const struct chunker *c)
{
	return c->given + c->pending.len;
}

static int end_frame(struct chunker *c, struct keg_err *err)
{
	if (!c->in_frame)
		return 0;
	c->in_frame = false;
	return c->frames->finish(c->frames, err);
}

static int put(struct chunker *c, const void *bytes, size_t len, struct keg_err *err)
{
	c->in_frame = true;
	return c->frames->write(c->frames, bytes, len, err);
}

/* The format has no words for what comes: the table is given up, the bytes go on. */
static void become_plain(struct chunker *c, const char *name, const char *why)
{
	if (!c->why_plain)
		keg_debug("zstd:chunked: no table of contents: \"%s\": %s", name, why);
	c->why_plain = why;
}

/* --- the table ---------------------------------------------------------------------------- */

static int put_row(struct chunker *c, const struct chunked_row *row, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	if (c->have_rows)
		keg_buf_putc(&text, ',');
	c->have_rows = true;
	chunked_row_put(row, &text);
	return c->toc.out->write(c->toc.out, text.data, text.len, err);
}

static const char *digest_text(struct chunker *c, const unsigned char sum[KEG_SHA256_SIZE])
{
	char hex[KEG_SHA256_HEX + 1];

	keg_hex(hex, sum, KEG_SHA256_SIZE);
	return keg_arena_printf(&c->arena, "sha256:%s", hex);
}

static void describe_chunk(struct chunker *c, const struct chunk *chunk, struct chunked_row *row)
{
	row->offset = (int64_t)chunk->frame;
	row->chunk_size = (int64_t)chunk->size;
	row->chunk_offset = (int64_t)chunk->at;
	row->chunk_digest = digest_text(c, chunk->digest);
	row->chunk_type = chunk->zeros ? CHUNKED_ZEROS : NULL;
}

/* The file's own row is that of its first chunk as well. */
static int put_file(struct chunker *c, struct keg_err *err)
{
	if (c->n_chunks > 1)
		describe_chunk(c, &c->chunks[0], &c->row);
	int r = put_row(c, &c->row, err);

	for (size_t i = 1; i < c->n_chunks && r >= 0; i++) {
		struct chunked_row row = { .type = CHUNKED_TYPE_CHUNK, .name = c->row.name };

		describe_chunk(c, &c->chunks[i], &row);
		r = put_row(c, &row, err);
	}
	return r;
}

static const char *type_text(enum tar_type type)
{
	/* In the order of the type flags, from '0' on. */
	static const char *const names[] = {
		CHUNKED_TYPE_FILE, "hardlink", "symlink", "char", "block", "dir", "fifo",
	};

	return names[type - TAR_FILE];
}

static const char *time_text(struct chunker *c, struct timespec t)
{
	if (t.tv_sec == 0 && t.tv_nsec == 0)
		return NULL;
	char *text = keg_time_format(t);
	keg_arena_defer(&c->arena, free, text);
	return text;
}

static bool is_describable(const struct tar_entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		if (!keg_str_is_utf8(entry->xattrs[i].name, strlen(entry->xattrs[i].name)))
			return false;
	}
	return keg_str_is_utf8(entry->name, strlen(entry->name)) &&
	       keg_str_is_utf8(entry->said.link, strlen(entry->said.link));
}

static void describe(struct chunker *c, const struct tar_entry *entry)
{
	const struct tar_said *said = &entry->said;

	keg_arena_done(&c->arena);
	c->row = (struct chunked_row){
		.type = type_text(entry->type),
		.name = keg_arena_strdup(&c->arena, entry->name),
		.link = *said->link ? keg_arena_strdup(&c->arena, said->link) : NULL,
		.mode = said->mode,
		.size = (int64_t)said->size,
		.uid = entry->uid,
		.gid = entry->gid,
		.modified = time_text(c, entry->mtime),
		.accessed = time_text(c, said->atime),
		.changed = time_text(c, said->ctime),
		.dev_major = said->dev_major,
		.dev_minor = said->dev_minor,
		.xattrs = keg_arena_alloc(&c->arena, entry->n_xattrs + 1, sizeof *c->row.xattrs),
	};
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct tar_xattr *x = &entry->xattrs[i];
		char *value = keg_base64(x->value, x->len);

		keg_arena_defer(&c->arena, free, value);
		if (x->schily)
			c->row.xattrs[c->row.n_xattrs++] =
				(struct keg_pair){ keg_arena_strdup(&c->arena, x->name), value };
	}
}

/* --- what passes --------------------------------------------------------------------------- */

static int chunk_bytes(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct chunker *c = ctx;
	struct chunk *chunk = &c->chunks[c->n_chunks];

	if (!c->in_frame)
		chunk->frame = position(c);
	chunk->size += len;
	keg_sha256_add(&c->whole, bytes, len);
	keg_sha256_add(&c->part, bytes, len);
	return put(c, bytes, len, err);
}

/* Start the next one behind the last. */
static void next_chunk(struct chunker *c)
{
	c->chunks = keg_grow(c->chunks, c->n_chunks, &c->room_chunks, sizeof *c->chunks);
	struct chunk *next = &c->chunks[c->n_chunks];
	*next = (struct chunk){ .at = c->n_chunks ? next[-1].at + next[-1].size : 0 };
	keg_sha256_init(&c->part);
}

static int chunk_end(void *ctx, bool zeros, struct keg_err *err)
{
	struct chunker *c = ctx;
	struct chunk *chunk = &c->chunks[c->n_chunks++];

	chunk->zeros = zeros;
	keg_sha256_end(&c->part, chunk->digest);
	next_chunk(c);
	return end_frame(c, err);
}

static int watch_raw(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct chunker *c = ctx;
	const struct tar_watch *split = tar_split_recorder_watch(c->recorder);
	int r = put(c, bytes, len, err);

	return r < 0 || c->why_plain ? r : split->raw(split->ctx, bytes, len, err);
}

static int watch_entry(void *ctx, const struct tar_entry *entry, uint64_t stored,
		       struct keg_err *err)
{
	struct chunker *c = ctx;
	const struct tar_watch *split = tar_split_recorder_watch(c->recorder);
	struct keg_err why;

	if (entry->extents)
		become_plain(c, entry->name, "a sparse file");
	else if (!is_describable(entry))
		become_plain(c, entry->name, "a name that is not UTF-8");
	else if (!c->why_plain && split->entry(split->ctx, entry, stored, &why) < 0)
		become_plain(c, entry->name, "its path");
	if (!c->why_plain)
		describe(c, entry);
	if (stored == 0)
		return c->why_plain ? 0 : put_row(c, &c->row, err);
	c->n_chunks = 0;
	next_chunk(c);
	keg_sha256_init(&c->whole);
	chunk_split_init(&c->cutter);
	return end_frame(c, err);
}

static int watch_data(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct chunker *c = ctx;
	const struct chunk_sink sink = { chunk_bytes, chunk_end, c };
	const struct tar_watch *split = tar_split_recorder_watch(c->recorder);
	int r = c->why_plain ? put(c, bytes, len, err)
			     : chunk_split_add(&c->cutter, bytes, len, &sink, err);

	return r < 0 || c->why_plain ? r : split->data(split->ctx, bytes, len, err);
}

static int watch_done(void *ctx, struct keg_err *err)
{
	struct chunker *c = ctx;
	const struct chunk_sink sink = { chunk_bytes, chunk_end, c };
	const struct tar_watch *split = tar_split_recorder_watch(c->recorder);
	unsigned char sum[KEG_SHA256_SIZE];

	if (c->why_plain)
		return 0;
	int r = chunk_split_end(&c->cutter, &sink, err);
	if (r >= 0)
		r = split->done(split->ctx, err);
	if (r < 0)
		return r;
	keg_sha256_end(&c->whole, sum);
	c->row.digest = digest_text(c, sum);
	c->row.offset = (int64_t)c->chunks[0].frame;
	c->row.end = (int64_t)position(c);
	return put_file(c, err);
}

/* --- the end ------------------------------------------------------------------------------- */

/* RFC 8878 section 3.1.2; *part is where its content stands. */
static void put_skippable(struct chunker *c, const struct keg_buf *bytes, struct chunked_part *part)
{
	const unsigned char magic[4] = { 0x50, 0x2a, 0x4d, 0x18 };
	uint32_t len = (uint32_t)bytes->len;

	keg_buf_add(&c->pending, magic, sizeof magic);
	for (int i = 0; i < 4; i++)
		keg_buf_putc(&c->pending, (char)(len >> 8 * i));
	part->at = position(c);
	part->len = bytes->len;
	keg_buf_add(&c->pending, bytes->data, bytes->len);
}

static void digest_of(const struct keg_buf *bytes, char out[CHUNKED_DIGEST_LEN + 1])
{
	char hex[KEG_SHA256_HEX + 1];

	keg_sha256_hex(bytes->data, bytes->len, hex);
	snprintf(out, CHUNKED_DIGEST_LEN + 1, "sha256:%s", hex);
}

static int end_toc(struct chunker *c, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	char digest[CHUNKED_DIGEST_LEN + 1];

	digest_of(&c->split.packed, digest);
	keg_buf_printf(&text, "],\"tarSplitDigest\":\"%s\"}", digest);
	int r = c->toc.out->write(c->toc.out, text.data, text.len, err);
	return r < 0 ? r : c->toc.out->finish(c->toc.out, err);
}

static int end_all(struct chunker *c, struct keg_err *err)
{
	struct chunked_layout layout = { 0 };
	struct chunked_part where;
	auto(keg_buf) footer = { 0 };
	int r = end_frame(c, err);

	if (r < 0 || c->why_plain)
		return r;
	r = tar_split_recorder_end(c->recorder, err);
	if (r >= 0)
		r = c->split.out->finish(c->split.out, err);
	if (r >= 0)
		r = end_toc(c, err);
	if (r < 0)
		return r;
	layout.toc.plain = c->toc.plain.count;
	layout.split.plain = c->split.plain.count;
	if (layout.toc.plain > CHUNKED_PART_MAX || layout.split.plain > CHUNKED_PART_MAX) {
		become_plain(c, "", "too many files");
		return 0;
	}
	digest_of(&c->toc.packed, layout.checksum);
	put_skippable(c, &c->toc.packed, &layout.toc);
	put_skippable(c, &c->split.packed, &layout.split);
	chunked_footer_put(&layout, &footer);
	put_skippable(c, &footer, &where);
	*c->layout = layout;
	return 0;
}

/* --- the stage ----------------------------------------------------------------------------- */

/* A little further in the archive. */
static int advance(struct chunker *c, struct keg_err *err)
{
	const struct tar_entry *entry;
	const void *bytes;
	size_t len;
	uint64_t at;
	int r;

	if (c->in_member) {
		r = tar_reader_data(c->reader, &bytes, &len, &at, err);
		c->in_member = r > 0;
		return r < 0 ? r : 0;
	}
	r = tar_reader_next(c->reader, &entry, err);
	c->in_member = r > 0;
	c->ended = r == 0;
	return r == 0 ? end_all(c, err) : r;
}

static ssize_t chunker_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct chunker *c = (struct chunker *)in;

	while (c->taken == c->pending.len && !c->ended) {
		c->given += c->pending.len;
		keg_buf_cut(&c->pending, 0);
		c->taken = 0;
		int r = advance(c, err);
		if (r < 0)
			return r;
	}

	return (ssize_t)stream_hand_out(c->pending.data, c->pending.len, &c->taken, bytes, room);
}

static void side_done(struct side *side)
{
	stream_out_close(side->out);
	keg_buf_done(&side->packed);
}

static void chunker_close(struct stream_in *in)
{
	struct chunker *c = (struct chunker *)in;

	tar_reader_free(c->reader);
	if (c->recorder)
		tar_split_recorder_free(c->recorder);
	stream_out_close(c->frames);
	side_done(&c->toc);
	side_done(&c->split);
	keg_buf_done(&c->pending);
	keg_arena_done(&c->arena);
	free(c->chunks);
	stream_in_close(c->from);
	free(c);
}

static int packer_into(struct keg_buf *buf, int level, struct stream_out **out, struct keg_err *err)
{
	struct stream_out *end = stream_out_buf(buf);
	int r = stream_compress(end, COMPRESSION_ZSTD, level, out, err);

	if (r < 0)
		stream_out_close(end);
	return r;
}

static int side_open(struct side *side, int level, struct keg_err *err)
{
	int r = packer_into(&side->packed, level, &side->out, err);

	if (r < 0)
		return r;
	stream_tap_init(&side->plain, 0);
	side->out = stream_out_tapped(side->out, &side->plain);
	return 0;
}

static int open_outputs(struct chunker *c, int level, struct keg_err *err)
{
	static const char start[] = "{\"version\":1,\"entries\":[";
	int r = packer_into(&c->pending, level, &c->frames, err);

	if (r >= 0)
		r = side_open(&c->toc, level, err);
	if (r >= 0)
		r = side_open(&c->split, level, err);
	return r < 0 ? r : c->toc.out->write(c->toc.out, start, strlen(start), err);
}

int stream_in_chunked(struct stream_in *from, int level, struct chunked_layout *layout,
		      struct stream_in **out, struct keg_err *err)
{
	struct chunker *c = keg_alloc(1, sizeof *c);

	*layout = (struct chunked_layout){ 0 };
	c->in = (struct stream_in){ chunker_read, chunker_close };
	c->layout = layout;
	c->watch = (struct tar_watch){ watch_raw, watch_entry, watch_data, watch_done, c, true };
	c->reader = tar_reader_new(from, &c->watch);
	int r = open_outputs(c, level, err);
	if (r < 0) {
		chunker_close(&c->in);
		return r;
	}
	c->recorder = tar_split_recorder_new(c->split.out);
	c->from = from;
	*out = &c->in;
	return 0;
}
