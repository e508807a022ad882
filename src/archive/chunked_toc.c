/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a large layer would be many times its size as a tree of objects. So its rows are cut
 * out of the text, each parsed by itself, and what is left is a small document.
 */
#include "archive/chunked_toc.h"

#include <string.h>
#define HASH_FUNCTION HASH_FNV /* the default falls through its labels, which clang reports */
#include <uthash.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

enum { VERSION = 1, ROW_DEPTH = 3 /* of a row's own braces: object, list, object */ };

struct chunked_file {
	UT_hash_handle hh;
	struct chunked_content content;
	size_t first; /* of its pieces */
	char name[];
};

/* What is being read. */
struct parser {
	struct chunked_toc *toc;
	uint64_t end, done; /* of the blob: no piece may begin before `done` */
	struct chunked_file *file;
	uint64_t file_end, sum; /* of the blob, for the file's last piece; of its pieces' sizes */
};

struct skeleton {
	int version;
	const char *split_digest;
};

static const struct keg_json_field skeleton_rows[] = {
	JSON_INT("version", struct skeleton, version, KEG_JSON_REQUIRED),
	JSON_STR("tarSplitDigest", struct skeleton, split_digest, 0),
	JSON_END,
};

void chunked_toc_done(struct chunked_toc *toc)
{
	struct chunked_file *each = toc->files;

	HASH_CLEAR(hh, toc->files); /* the table; its items stay chained */
	for (struct chunked_file *next; each; each = next) {
		next = each->hh.next;
		free(each);
	}
	free(toc->pieces);
	*toc = (struct chunked_toc){ 0 };
}

/* The end of the file before: its last piece ends where the file does. */
static int end_file(struct parser *p, struct keg_err *err)
{
	struct chunked_toc *toc = p->toc;

	if (!p->file)
		return 0;
	struct chunked_piece *last = &toc->pieces[toc->n_pieces - 1];
	if (p->sum != p->file->content.size)
		return keg_fail(err, KEG_ECORRUPT,
				"\"%.200s\": its parts have %llu bytes, not %llu", p->file->name,
				(unsigned long long)p->sum,
				(unsigned long long)p->file->content.size);
	if (p->file_end <= last->at || p->file_end > p->end)
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\" ends at byte %llu of the blob",
				p->file->name, (unsigned long long)p->file_end);
	last->len = p->file_end - last->at;
	p->done = p->file_end;
	p->file->content.n_pieces = toc->n_pieces - p->file->first;
	p->file = NULL;
	return 0;
}

static int add_piece(struct parser *p, const struct chunked_row *row, struct keg_err *err)
{
	struct chunked_toc *toc = p->toc;
	uint64_t at = (uint64_t)row->offset, left = p->file->content.size - p->sum;
	uint64_t size = row->chunk_size ? (uint64_t)row->chunk_size : left;

	if ((uint64_t)row->chunk_offset != p->sum || size == 0 || size > left)
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\": its parts do not make it up",
				p->file->name);
	if (at < p->done || at >= p->end)
		return keg_fail(err, KEG_ECORRUPT,
				"\"%.200s\": a part begins at byte %llu of the blob", p->file->name,
				(unsigned long long)at);
	if (toc->n_pieces > p->file->first)
		toc->pieces[toc->n_pieces - 1].len = at - toc->pieces[toc->n_pieces - 1].at;
	toc->pieces = keg_grow(toc->pieces, toc->n_pieces, &toc->room_pieces, sizeof *toc->pieces);
	toc->pieces[toc->n_pieces++] = (struct chunked_piece){
		.at = at, .size = size, .zeros = keg_str_eq(row->chunk_type, CHUNKED_ZEROS)
	};
	p->sum += size;
	p->done = at + 1;
	return 0;
}

static int add_file(struct parser *p, const struct chunked_row *row, struct keg_err *err)
{
	const char *hex = row->digest ? keg_str_after(row->digest, "sha256:") : NULL;
	size_t len = strlen(row->name);
	struct keg_err ignored;
	struct chunked_file *file;

	HASH_FIND(hh, p->toc->files, row->name, len, file);
	if (file)
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\" comes twice", row->name);
	file = keg_alloc(1, sizeof *file + len + 1);
	memcpy(file->name, row->name, len + 1);
	HASH_ADD_KEYPTR(hh, p->toc->files, file->name, len, file);
	file->content.size = (uint64_t)row->size;
	file->first = p->toc->n_pieces;
	if (row->size == 0)
		return 0;
	if (!hex || keg_unhex(file->content.digest, sizeof file->content.digest, hex, &ignored) < 0)
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\": malformed digest", row->name);
	p->file = file;
	p->file_end = (uint64_t)row->end;
	p->sum = 0;
	return add_piece(p, row, err);
}

static int take_row(struct parser *p, const char *text, size_t len, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct chunked_row row;
	int r = chunked_row_get(text, len, &arena, &row, err);

	if (r < 0)
		return r;
	if (keg_str_eq(row.type, CHUNKED_TYPE_CHUNK)) {
		if (!p->file || !keg_str_eq(p->file->name, row.name))
			return keg_fail(err, KEG_ECORRUPT, "a part of \"%.200s\" without its file",
					row.name);
		return add_piece(p, &row, err);
	}
	r = end_file(p, err);
	return r < 0 || !keg_str_eq(row.type, CHUNKED_TYPE_FILE) ? r : add_file(p, &row, err);
}

/* The end of the string that begins at `at`, or NULL. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\';
	return at < end ? at : NULL;
}

/* Take the rows out of the text; what is left goes to *rest. */
static int cut_rows(struct parser *p, const char *text, size_t len, struct keg_buf *rest,
		    struct keg_err *err)
{
	const char *end = text + len, *row = NULL;
	int depth = 0, r = 0;

	for (const char *at = text; at < end && r >= 0; at++) {
		const char *from = at;

		if (*at == '"')
			at = skip_string(at, end);
		if (!at)
			return keg_fail(err, KEG_ECORRUPT, "string without an end");
		if ((*at == '{' || *at == '[') && ++depth == ROW_DEPTH && *at == '{')
			row = at;
		if (!row && !(depth == ROW_DEPTH - 1 && *at == ','))
			keg_buf_add(rest, from, (size_t)(at + 1 - from));
		if ((*at == '}' || *at == ']') && depth-- == ROW_DEPTH && row) {
			r = take_row(p, row, (size_t)(at + 1 - row), err);
			row = NULL;
		}
	}
	return r;
}

static int take_rest(const struct keg_buf *rest, struct chunked_toc *out, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct skeleton skeleton = { 0 };
	autojson root = NULL;
	int r = keg_json_parse(keg_buf_text(rest), rest->len, &root, err);

	if (r >= 0)
		r = keg_json_decode(root, skeleton_rows, &skeleton, &arena, err);
	if (r < 0)
		return r;
	if (skeleton.version != VERSION)
		return keg_fail(err, KEG_ECORRUPT, "unknown version %d", skeleton.version);
	if (!skeleton.split_digest || strlen(skeleton.split_digest) != CHUNKED_DIGEST_LEN)
		return keg_fail(err, KEG_ECORRUPT, "no digest of the tar-split");
	memcpy(out->split_digest, skeleton.split_digest, sizeof out->split_digest);
	return 0;
}

int chunked_toc_parse(const char *text, size_t len, uint64_t end, struct chunked_toc *out,
		      struct keg_err *err)
{
	auto(chunked_toc) toc = { 0 };
	auto(keg_buf) rest = { 0 };
	struct parser p = { .toc = &toc, .end = end };
	int r = cut_rows(&p, text, len, &rest, err);

	if (r >= 0)
		r = end_file(&p, err);
	if (r >= 0)
		r = take_rest(&rest, &toc, err);
	if (r < 0)
		return keg_wrap(err, "table of contents");
	*out = toc;
	toc = (struct chunked_toc){ 0 };
	return 0;
}

bool chunked_toc_find(const struct chunked_toc *toc, const char *name, struct chunked_content *out)
{
	struct chunked_file *file;

	HASH_FIND(hh, toc->files, name, strlen(name), file);
	if (!file)
		return false;
	*out = file->content;
	out->pieces = toc->pieces ? toc->pieces + file->first : NULL;
	return true;
}
