/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planned before anything is fetched: each file of the tar-split is looked up in the table and in
 * the store, and what is not here becomes ranges of the blob, in the order of the tar. One thread
 * then fetches these, one after the other, and the tar's reader finds its way in them.
 */
#include "image/blob_parts.h"

#include <stdatomic.h>
#include <string.h>

#include "archive/chunked_toc.h"
#include "archive/compress.h"
#include "archive/tar_rebuild.h"
#include "archive/tar_split_format.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/copy.h"
#include "image/digest_of.h"
#include "image/local_files.h"
#include "image/pipe.h"
#include "store/layer.h"

enum {
	RING_ROOM = 4 << 20,
	/* Ranges that are closer are one: a part of an answer has a header of its own. */
	GAP_MOST = 512,
	/* Of a blob of which more is missing (in percent) all is fetched: then it can be resumed.
	 */
	WORTH_MOST = 80,
};

struct planned {
	uint64_t size;
	unsigned char crc[TAR_SPLIT_CRC];
	struct chunked_content content;
	bool here;
};

/* Counts what arrives. */
struct arrival {
	struct stream_out stage;
	struct stream_out *buffer; /* where it goes, or NULL: the pipe */
	struct blob_parts *parts;
};

struct blob_parts {
	struct blob_parts_from from;
	struct arrival arrival;
	struct chunked_toc toc;
	struct keg_buf split; /* packed */
	struct local_files *files;
	struct planned *plan; /* in the order of the tar */
	size_t n_plan, room_plan, next;
	struct registry_range *ranges;
	size_t n_ranges, room_ranges;
	atomic_uint_fast64_t fetched;

	struct image_pipe *pipe; /* what arrives, range after range; NULL: nothing is fetched */
	pthread_t thread;
	size_t range; /* the reader's place */
	uint64_t passed;
};

/* --- fetching ------------------------------------------------------------------------------ */

static int arrival_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	struct arrival *a = (struct arrival *)out;
	const struct blob_parts_from *from = &a->parts->from;
	uint64_t sum = atomic_fetch_add(&a->parts->fetched, len) + len;
	int r = a->buffer ? a->buffer->write(a->buffer, bytes, len, err)
			  : image_pipe_write(a->parts->pipe, bytes, len, err);

	if (r < 0)
		return r;
	image_report_blob(from->reporter, IMAGE_EVENT_ADVANCED, from->blob, sum);
	return image_check_deadline(from->src->deadline_ns, err);
}

static int fetch(struct blob_parts *parts, const struct registry_range *ranges, size_t n,
		 struct keg_err *err)
{
	struct image_source *src = parts->from.src;

	return src->ops->parts(src, parts->from.blob, ranges, n, &parts->arrival.stage, err);
}

static void *fetcher(void *arg)
{
	struct blob_parts *parts = arg;
	struct keg_err err = { 0 };
	int r = fetch(parts, parts->ranges, parts->n_ranges, &err);

	image_pipe_end(parts->pipe, r < 0 ? &err : NULL);
	image_pipe_free(parts->pipe);
	return NULL;
}

/* --- the plan ------------------------------------------------------------------------------ */

static int check_digest(const char *what, const void *bytes, size_t len, const char *want,
			struct keg_err *err)
{
	char digest[DIGEST_SHA256_LEN + 1];

	image_digest_of(digest, bytes, len);
	if (keg_str_eq(digest, want))
		return 0;
	return keg_fail(err, KEG_ECORRUPT, "%s did not match its digest, got %s", what, digest);
}

static int unpack(const void *bytes, size_t len, uint64_t most, struct stream_in **out,
		  struct keg_err *err)
{
	struct stream_in *packed = stream_in_memory(bytes, len);
	int r = stream_decompress(packed, most, NULL, out, err);

	if (r < 0)
		stream_in_close(packed);
	return r;
}

static int take_toc(struct blob_parts *parts, const struct keg_buf *bytes, struct keg_err *err)
{
	const struct chunked_layout *layout = parts->from.blob->chunks;
	auto(keg_buf) text = { 0 };
	autoptr(stream_in) plain = NULL;
	size_t len = (size_t)layout->toc.len;

	int r = check_digest("table of contents", bytes->data, len, layout->checksum, err);
	if (r >= 0)
		r = unpack(bytes->data, len, layout->toc.plain, &plain, err);
	if (r >= 0)
		r = stream_read_all(plain, (size_t)layout->toc.plain, &text, err);
	if (r >= 0)
		r = chunked_toc_parse(keg_buf_text(&text), text.len, layout->toc.at, &parts->toc,
				      err);
	if (r < 0)
		return r;
	keg_buf_add(&parts->split, bytes->data + len, bytes->len - len);
	return check_digest("tar-split", parts->split.data, parts->split.len,
			    parts->toc.split_digest, err);
}

/* Table and tar-split come with one request. */
static int fetch_toc(struct blob_parts *parts, struct keg_err *err)
{
	const struct chunked_layout *layout = parts->from.blob->chunks;
	const struct registry_range ranges[] = { { layout->toc.at, layout->toc.len },
						 { layout->split.at, layout->split.len } };
	auto(keg_buf) bytes = { 0 };
	autoptr(stream_out) buffer = stream_out_buf(&bytes);

	if (layout->split.at <= layout->toc.at + layout->toc.len)
		return keg_fail(err, KEG_ECORRUPT, "the tar-split does not follow the table");
	parts->arrival.buffer = buffer;
	int r = fetch(parts, ranges, KEG_COUNT(ranges), err);
	parts->arrival.buffer = NULL;
	if (r >= 0 && bytes.len != layout->toc.len + layout->split.len)
		r = keg_fail(err, KEG_ECORRUPT, "the table was cut");
	return r < 0 ? r : take_toc(parts, &bytes, err);
}

static int plan_file(struct blob_parts *parts, const struct tar_split_line *line,
		     struct keg_err *err)
{
	struct planned file = { .size = line->size };

	if (!chunked_toc_find(&parts->toc, line->name, &file.content) ||
	    file.content.size != line->size)
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\": table and tar-split disagree",
				line->name);
	memcpy(file.crc, line->payload, sizeof file.crc);
	parts->plan = keg_grow(parts->plan, parts->n_plan, &parts->room_plan, sizeof *parts->plan);
	parts->plan[parts->n_plan++] = file;
	local_files_want(parts->files, file.size, file.crc, file.content.digest);
	return 0;
}

static int plan_files(struct blob_parts *parts, struct keg_err *err)
{
	auto(tar_split_lines) lines = { 0 };
	autoptr(stream_in) plain = NULL;
	const struct tar_split_line *line;
	int r = unpack(parts->split.data, parts->split.len, parts->from.blob->chunks->split.plain,
		       &plain, err);

	lines.split = plain;
	while (r >= 0 && (r = tar_split_next(&lines, &line, err)) > 0) {
		if (line->type == TAR_SPLIT_FILE && line->size > 0)
			r = plan_file(parts, line, err);
	}
	return r;
}

static int add_range(struct blob_parts *parts, uint64_t at, uint64_t len, struct keg_err *err)
{
	struct registry_range *last = parts->ranges ? &parts->ranges[parts->n_ranges - 1] : NULL;

	if (last && at < last->at + last->len)
		return keg_fail(err, KEG_ECORRUPT, "files stand in another order than in the tar");
	if (last && at - last->at - last->len <= GAP_MOST) {
		last->len = at + len - last->at;
		return 0;
	}
	parts->ranges = keg_grow(parts->ranges, parts->n_ranges, &parts->room_ranges,
				 sizeof *parts->ranges);
	parts->ranges[parts->n_ranges++] = (struct registry_range){ at, len };
	return 0;
}

static int plan_ranges(struct blob_parts *parts, struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < parts->n_plan && r >= 0; i++) {
		struct planned *file = &parts->plan[i];
		const struct chunked_content *content = &file->content;

		file->here = local_files_have(parts->files, file->size, file->crc, content->digest);
		for (size_t k = 0; k < content->n_pieces && !file->here && r >= 0; k++) {
			const struct chunked_piece *piece = &content->pieces[k];

			if (!piece->zeros)
				r = add_range(parts, piece->at, piece->len, err);
		}
	}
	return r;
}

static bool is_worth_it(const struct blob_parts *parts)
{
	uint64_t sum = 0, size = (uint64_t)parts->from.blob->size;

	for (size_t i = 0; i < parts->n_ranges; i++)
		sum += parts->ranges[i].len;
	keg_debug("blob %s: %llu of %llu bytes are to be fetched, in %zu parts",
		  parts->from.blob->digest, (unsigned long long)sum, (unsigned long long)size,
		  parts->n_ranges);
	return sum <= size / 100 * WORTH_MOST;
}

static int with_store(struct blob_parts *parts, struct keg_err *err)
{
	pthread_mutex_lock(parts->from.store_lock);
	int r = local_files_search(parts->files, parts->from.store, err);
	pthread_mutex_unlock(parts->from.store_lock);
	return r;
}

/* In an empty store nothing can be found. */
static int has_layers(const struct blob_parts_from *from, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_layer *layers;
	size_t n = 0;

	pthread_mutex_lock(from->store_lock);
	int r = store_layer_list(from->store, &arena, &layers, &n, err);
	pthread_mutex_unlock(from->store_lock);
	return r < 0 ? r : n > 0;
}

static int nothing_to_finish(struct stream_out *out, struct keg_err *err)
{
	(void)out;
	(void)err;
	return 0;
}

int blob_parts_open(const struct blob_parts_from *from, struct blob_parts **out,
		    struct keg_err *err)
{
	int r = has_layers(from, err);

	*out = NULL;
	if (r <= 0)
		return r;
	autoptr(blob_parts) parts = keg_alloc(1, sizeof *parts);
	parts->from = *from;
	parts->arrival = (struct arrival){
		.stage = { .write = arrival_write, .finish = nothing_to_finish },
		.parts = parts,
	};
	parts->files = local_files_new();
	r = fetch_toc(parts, err);
	if (r >= 0)
		r = plan_files(parts, err);
	if (r >= 0)
		r = with_store(parts, err);
	if (r >= 0)
		r = plan_ranges(parts, err);
	if (r < 0)
		return r;
	if (is_worth_it(parts))
		*out = take_ptr(&parts);
	return 0;
}

void blob_parts_free(struct blob_parts *parts)
{
	if (parts->pipe) {
		struct stream_in *reader = image_pipe_reader(parts->pipe);

		reader->close(reader);
		pthread_join(parts->thread, NULL);
		image_pipe_free(parts->pipe);
	}
	local_files_free(parts->files);
	chunked_toc_done(&parts->toc);
	keg_buf_done(&parts->split);
	free(parts->plan);
	free(parts->ranges);
	free(parts);
}

uint64_t blob_parts_fetched(struct blob_parts *parts)
{
	return atomic_load(&parts->fetched);
}

/* --- contents from the parts that arrive --------------------------------------------------- */

/* A file, piece by piece. */
struct pieces {
	struct stream_in stage;
	struct blob_parts *parts;
	const struct chunked_content *content;
	size_t at;		 /* of its pieces */
	uint64_t left;		 /* of the piece, unpacked */
	struct stream_in *plain; /* the piece, unpacking; NULL: it has not begun */
	struct keg_sha256 sum;
};

/* The frames of one piece, as they arrive. */
struct frames {
	struct stream_in stage;
	struct blob_parts *parts;
	uint64_t left;
};

static ssize_t frames_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct frames *f = (struct frames *)in;
	struct stream_in *pipe = image_pipe_reader(f->parts->pipe);

	if (f->left == 0)
		return 0;
	ssize_t n = pipe->read(pipe, bytes, f->left < room ? (size_t)f->left : room, err);
	if (n == 0)
		return keg_fail(err, KEG_ECORRUPT, "a part ends early");
	if (n > 0) {
		f->left -= (uint64_t)n;
		f->parts->passed += (uint64_t)n;
	}
	return n;
}

static void frames_close(struct stream_in *in)
{
	free(in);
}

static int frames_open(struct blob_parts *parts, uint64_t len, struct stream_in **out,
		       uint64_t most, struct keg_err *err)
{
	struct frames *f = keg_alloc(1, sizeof *f);

	*f = (struct frames){ { frames_read, frames_close }, parts, len };
	if (most == 0) {
		*out = &f->stage;
		return 0;
	}
	int r = stream_decompress(&f->stage, most, NULL, out, err);
	if (r < 0)
		free(f);
	return r;
}

/* Pass over what arrived before byte `at` of the blob: what ranges have between pieces. */
static int go_to(struct blob_parts *parts, uint64_t at, struct keg_err *err)
{
	while (parts->range < parts->n_ranges) {
		const struct registry_range *range = &parts->ranges[parts->range];
		bool within = at < range->at + range->len;
		uint64_t skip = (within ? at - range->at : range->len) - parts->passed;
		autoptr(stream_in) rest = NULL;

		int r = frames_open(parts, skip, &rest, 0, err);
		if (r >= 0)
			r = stream_drain(rest, err);
		if (r < 0 || within)
			return r;
		parts->range++;
		parts->passed = 0;
	}
	return keg_fail(err, KEG_ECORRUPT, "a part was not fetched");
}

static int piece_begin(struct pieces *p, struct keg_err *err)
{
	const struct chunked_piece *piece = &p->content->pieces[p->at];

	p->left = piece->size;
	if (piece->zeros)
		return 0;
	int r = go_to(p->parts, piece->at, err);
	return r < 0 ? r : frames_open(p->parts, piece->len, &p->plain, piece->size, err);
}

/* 0 at the end of the piece. */
static ssize_t piece_read(struct pieces *p, void *bytes, size_t room, struct keg_err *err)
{
	size_t part = p->left < room ? (size_t)p->left : room;

	if (p->plain) {
		ssize_t n = p->plain->read(p->plain, bytes, room, err);

		if (n == 0 && p->left > 0)
			return keg_fail(err, KEG_ECORRUPT, "a part is shorter than its size");
		if (n > 0)
			p->left -= (uint64_t)n;
		return n;
	}
	memset(bytes, 0, part);
	p->left -= part;
	return (ssize_t)part;
}

static int check_file(struct pieces *p, struct keg_err *err)
{
	unsigned char digest[KEG_SHA256_SIZE];

	keg_sha256_end(&p->sum, digest);
	keg_sha256_init(&p->sum);
	return memcmp(digest, p->content->digest, sizeof digest) == 0
		       ? 0
		       : keg_fail(err, KEG_ECORRUPT, "a file did not match its digest");
}

static ssize_t pieces_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct pieces *p = (struct pieces *)in;

	while (p->at < p->content->n_pieces) {
		if (p->left == 0 && !p->plain) {
			int r = piece_begin(p, err);

			if (r < 0)
				return r;
		}
		ssize_t n = piece_read(p, bytes, room, err);
		if (n > 0)
			keg_sha256_add(&p->sum, bytes, (size_t)n);
		if (n == 0)
			stream_in_close(take_ptr(&p->plain));
		if (n == 0 || (n > 0 && p->left == 0 && !p->plain)) {
			p->at++;
			int r = p->at == p->content->n_pieces ? check_file(p, err) : 0;
			if (r < 0)
				return r;
		}
		if (n != 0)
			return n;
	}
	return 0;
}

static void pieces_close(struct stream_in *in)
{
	struct pieces *p = (struct pieces *)in;

	stream_in_close(p->plain);
	free(p);
}

static int content_open(void *ctx, const char *name, uint64_t size, struct stream_in **out,
			struct keg_err *err)
{
	struct blob_parts *parts = ctx;
	const struct planned *file = &parts->plan[parts->next++];

	(void)name; /* the tar-split is the same that was planned by */
	if (file->here)
		return local_files_open(parts->files, size, file->crc, file->content.digest, out,
					err);
	struct pieces *p = keg_alloc(1, sizeof *p);
	p->stage = (struct stream_in){ pieces_read, pieces_close };
	p->parts = parts;
	p->content = &file->content;
	keg_sha256_init(&p->sum);
	*out = &p->stage;
	return 0;
}

static int start_fetching(struct blob_parts *parts, struct keg_err *err)
{
	if (parts->n_ranges == 0)
		return 0;
	parts->pipe = image_pipe_new(RING_ROOM);
	if (pthread_create(&parts->thread, NULL, fetcher, parts) == 0)
		return 0;
	image_pipe_free(parts->pipe);
	image_pipe_free(parts->pipe);
	parts->pipe = NULL;
	return keg_fail(err, KEG_ESYSTEM, "start a thread: not permitted");
}

int blob_parts_tar(struct blob_parts *parts, struct stream_in **out, struct keg_err *err)
{
	const struct tar_contents contents = { content_open, parts };
	struct stream_in *split = NULL;
	int r = unpack(parts->split.data, parts->split.len, parts->from.blob->chunks->split.plain,
		       &split, err);

	if (r >= 0)
		r = start_fetching(parts, err);
	if (r < 0) {
		stream_in_close(split);
		return r;
	}
	*out = stream_in_rebuilt(split, &contents);
	return 0;
}
