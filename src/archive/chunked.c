/* SPDX-License-Identifier: Apache-2.0 */
/* The texts and numbers of the format; who writes and reads streams of it is elsewhere. */
#include "archive/chunked.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/strv.h"

enum { TYPE_CRFS = 1, FOOTER_NUMBERS = 7, POSITION_MAX = 4 };

static const char footer_magic[8] = { 'G', 'N', 'U', 'l', 'I', 'n', 'U', 'x' };

static const struct keg_json_field rows[] = {
	JSON_STR("type", struct chunked_row, type, KEG_JSON_REQUIRED),
	JSON_STR("name", struct chunked_row, name, KEG_JSON_REQUIRED),
	JSON_STR("linkName", struct chunked_row, link, 0),
	JSON_I64("mode", struct chunked_row, mode, 0),
	JSON_I64("size", struct chunked_row, size, 0),
	JSON_I64("uid", struct chunked_row, uid, 0),
	JSON_I64("gid", struct chunked_row, gid, 0),
	JSON_STR("modtime", struct chunked_row, modified, 0),
	JSON_STR("accesstime", struct chunked_row, accessed, 0),
	JSON_STR("changetime", struct chunked_row, changed, 0),
	JSON_I64("devMajor", struct chunked_row, dev_major, 0),
	JSON_I64("devMinor", struct chunked_row, dev_minor, 0),
	JSON_MAP("xattrs", struct chunked_row, xattrs, 0),
	JSON_STR("digest", struct chunked_row, digest, 0),
	JSON_I64("offset", struct chunked_row, offset, 0),
	JSON_I64("endOffset", struct chunked_row, end, 0),
	JSON_I64("chunkSize", struct chunked_row, chunk_size, 0),
	JSON_I64("chunkOffset", struct chunked_row, chunk_offset, 0),
	JSON_STR("chunkDigest", struct chunked_row, chunk_digest, 0),
	JSON_STR("chunkType", struct chunked_row, chunk_type, 0),
	JSON_END,
};

void chunked_row_put(const struct chunked_row *row, struct keg_buf *out)
{
	autojson object = keg_json_encode(rows, row);

	keg_json_print(object, out);
}

int chunked_row_get(const char *text, size_t len, struct keg_arena *arena, struct chunked_row *out,
		    struct keg_err *err)
{
	struct chunked_row row = { 0 };
	autojson object = NULL;
	int r = keg_json_parse(text, len, &object, err);

	if (r >= 0)
		r = keg_json_decode(object, rows, &row, arena, err);
	if (r < 0)
		return r;
	if (row.size < 0 || row.offset < 0 || row.end < 0 || row.chunk_size < 0 ||
	    row.chunk_offset < 0)
		return keg_fail(err, KEG_ECORRUPT, "\"%.200s\": negative number", row.name);
	*out = row;
	return 0;
}

static void put_number(struct keg_buf *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		keg_buf_putc(out, (char)(value >> 8 * i));
}

void chunked_footer_put(const struct chunked_layout *layout, struct keg_buf *out)
{
	const uint64_t numbers[FOOTER_NUMBERS] = {
		layout->toc.at,	  layout->toc.len,   layout->toc.plain,	  TYPE_CRFS,
		layout->split.at, layout->split.len, layout->split.plain,
	};

	for (size_t i = 0; i < FOOTER_NUMBERS; i++)
		put_number(out, numbers[i]);
	keg_buf_add(out, footer_magic, sizeof footer_magic);
}

void chunked_annotate(const struct chunked_layout *layout, struct keg_arena *arena,
		      struct keg_pair out[CHUNKED_ANNOTATIONS])
{
	const struct chunked_part *toc = &layout->toc, *split = &layout->split;

	out[0] = (struct keg_pair){ CHUNKED_CHECKSUM, keg_arena_strdup(arena, layout->checksum) };
	out[1] =
		(struct keg_pair){ CHUNKED_POSITION,
				   keg_arena_printf(arena, "%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%d",
						    toc->at, toc->len, toc->plain, TYPE_CRFS) };
	out[2] = (struct keg_pair){ CHUNKED_SPLIT_POSITION,
				    keg_arena_printf(arena, "%" PRIu64 ":%" PRIu64 ":%" PRIu64,
						     split->at, split->len, split->plain) };
}

static const char *find(const struct keg_pair *annotations, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(annotations[i].key, key) == 0)
			return annotations[i].value;
	}
	return NULL;
}

/* "at:len:plain" and, of the table, ":type". */
static int take_position(const char *text, size_t want, uint64_t size, struct chunked_part *out,
			 struct keg_err *err)
{
	auto(keg_strv) words = { 0 };
	struct keg_err ignored;
	uint64_t number[POSITION_MAX] = { 0 };

	keg_strv_split(&words, text, ':');
	if (words.n != want)
		return keg_fail(err, KEG_ECORRUPT, "malformed position \"%.100s\"", text);
	for (size_t i = 0; i < want; i++) {
		if (keg_parse_u64(words.v[i], &number[i], &ignored) < 0)
			return keg_fail(err, KEG_ECORRUPT, "malformed position \"%.100s\"", text);
	}
	if (want == POSITION_MAX && number[3] != TYPE_CRFS)
		return keg_fail(err, KEG_ECORRUPT, "table of unknown type %" PRIu64, number[3]);
	if (number[1] == 0 || number[1] > size || number[0] > size - number[1])
		return keg_fail(err, KEG_ECORRUPT, "position \"%.100s\" lies outside of the blob",
				text);
	if (number[1] > CHUNKED_PART_MAX || number[2] > CHUNKED_PART_MAX)
		return keg_fail(err, KEG_ECORRUPT, "table of over %d bytes", CHUNKED_PART_MAX);
	*out = (struct chunked_part){ number[0], number[1], number[2] };
	return 0;
}

int chunked_layout_of(const struct keg_pair *annotations, size_t n, uint64_t size,
		      struct chunked_layout *out, struct keg_err *err)
{
	const char *checksum = find(annotations, n, CHUNKED_CHECKSUM);
	const char *toc = find(annotations, n, CHUNKED_POSITION);
	const char *split = find(annotations, n, CHUNKED_SPLIT_POSITION);
	struct chunked_layout layout = { 0 };

	if (!checksum || !toc || !split)
		return 0;
	if (strlen(checksum) != CHUNKED_DIGEST_LEN || !keg_str_starts(checksum, "sha256:"))
		return keg_fail(err, KEG_ECORRUPT, "malformed checksum \"%.100s\"", checksum);
	memcpy(layout.checksum, checksum, sizeof layout.checksum);
	int r = take_position(toc, POSITION_MAX, size, &layout.toc, err);
	if (r >= 0)
		r = take_position(split, POSITION_MAX - 1, size, &layout.split, err);
	if (r < 0)
		return r;
	*out = layout;
	return 1;
}
