/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/chunked.h"

#include <stdio.h>
#include <string.h>

#include "archive/chunk_split.h"
#include "archive/chunked_writer.h"
#include "archive/compress.h"
#include "base/mem.h"
#include "base/strv.h"
#include "tests/unit/tar_maker.h"

/* --- where files are cut ------------------------------------------------------------------- */

/* The sizes of the chunks as text: "12 z1024 7". */
struct cuts {
	struct keg_buf text;
	size_t size;
};

static int cut_bytes(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	(void)bytes;
	(void)err;
	((struct cuts *)ctx)->size += len;
	return 0;
}

static int cut_end(void *ctx, bool zeros, struct keg_err *err)
{
	struct cuts *cuts = ctx;

	(void)err;
	assert_true(cuts->size > 0);
	keg_buf_printf(&cuts->text, "%s%s%zu", cuts->text.len ? " " : "", zeros ? "z" : "",
		       cuts->size);
	cuts->size = 0;
	return 0;
}

static char *cuts_of(const char *bytes, size_t len, size_t step)
{
	struct cuts cuts = { 0 };
	struct chunk_split split;
	const struct chunk_sink sink = { cut_bytes, cut_end, &cuts };
	struct keg_err err;

	chunk_split_init(&split);
	for (size_t at = 0; at < len; at += step) {
		size_t part = len - at < step ? len - at : step;

		assert_int_equal(chunk_split_add(&split, bytes + at, part, &sink, &err), 0);
	}
	assert_int_equal(chunk_split_end(&split, &sink, &err), 0);
	return keg_buf_take(&cuts.text);
}

/* The same bytes on each run, none of them zero. */
static void fill(char *bytes, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (char)(seed >> 24 ? seed >> 24 : 1);
	}
}

static void assert_cuts(const char *bytes, size_t len, const char *want)
{
	static const size_t steps[] = { 1, 7, 1000, 1 << 20 };

	for (size_t i = 0; i < KEG_COUNT(steps); i++) {
		autofree char *got = cuts_of(bytes, len, steps[i]);

		assert_string_equal(got, want);
	}
}

static void long_runs_of_zeros_are_chunks(void **state)
{
	char bytes[5000];

	(void)state;
	fill(bytes, sizeof bytes, 1);
	memset(bytes, 0, 1024);
	memset(bytes + 2000, 0, 1023);
	memset(bytes + 3976, 0, 1024);
	assert_cuts(bytes, sizeof bytes, "z1024 2952 z1024");
	assert_cuts(bytes, 1024, "z1024");
	assert_cuts(bytes, 1023, "1023");
	assert_cuts(bytes, 0, "");
}

static void equal_parts_become_equal_chunks_wherever_they_stand(void **state)
{
	enum { LEN = 1 << 20, MOVED = 100 };
	autofree char *bytes = keg_alloc(LEN + MOVED, 1);
	char *space;

	(void)state;
	fill(bytes, LEN + MOVED, 2);
	autofree char *first = cuts_of(bytes + MOVED, LEN, LEN);
	autofree char *moved = cuts_of(bytes, LEN + MOVED, LEN);
	space = strchr(first, ' ');
	assert_non_null(space); /* it has several */
	assert_non_null(strchr(moved, ' '));
	assert_string_equal(strchr(moved, ' '), space);
}

/* --- writing ------------------------------------------------------------------------------- */

struct written {
	struct keg_buf blob;
	struct chunked_layout layout;
};

static void written_done(struct written *w)
{
	keg_buf_done(&w->blob);
}
KEG_AUTO(written, written_done)

static void write_blob(const struct keg_buf *tar, struct written *out)
{
	struct keg_err err = { 0 };
	autoptr(stream_in) chunked = NULL;

	assert_int_equal(stream_in_chunked(stream_in_memory(tar->data, tar->len), 0, &out->layout,
					   &chunked, &err),
			 0);
	if (stream_read_all(chunked, SIZE_MAX, &out->blob, &err) < 0)
		fail_msg("%s", err.msg);
}

static void unpack(const void *bytes, size_t len, struct keg_buf *out)
{
	struct keg_err err = { 0 };
	autoptr(stream_in) plain = NULL;

	assert_int_equal(stream_decompress(stream_in_memory(bytes, len), 0, NULL, &plain, &err), 0);
	if (stream_read_all(plain, SIZE_MAX, out, &err) < 0)
		fail_msg("%s", err.msg);
}

static void assert_plain_is(const struct written *w, const struct keg_buf *tar)
{
	auto(keg_buf) plain = { 0 };

	unpack(w->blob.data, w->blob.len, &plain);
	assert_int_equal(plain.len, tar->len);
	assert_memory_equal(plain.data, tar->data, tar->len);
}

static const struct tar_xattr attributes[] = {
	{ .name = "user.a", .value = "\0\1", .len = 2 },
};

static const struct member members[] = {
	M_DIR("d/"),
	M_FILE("d/one", "first"),
	M_FILE("d/empty", ""),
	M_LINK(TAR_SYMLINK, "link", "d/one"),
	M_LINK(TAR_HARDLINK, "hard", "d/one"),
	{ { .type = TAR_CHAR, .name = "null", .mode = 0666, .dev_major = 1, .dev_minor = 3 },
	  NULL },
	{ { .type = TAR_FILE,
	    .name = "two",
	    .mode = 04755,
	    .mtime = { .tv_sec = 1700000000 },
	    .xattrs = attributes,
	    .n_xattrs = 1 },
	  "second" },
};

static void the_stream_is_the_tar_and_the_table_says_where_files_are(void **state)
{
	auto(keg_buf) tar = { 0 };
	auto(keg_buf) toc = { 0 };
	auto(keg_buf) file = { 0 };
	auto(written) w = { 0 };
	auto(keg_arena) arena = { 0 };
	struct chunked_row row;
	struct keg_err err = { 0 };

	(void)state;
	make_tar(members, KEG_COUNT(members), &tar);
	write_blob(&tar, &w);
	assert_plain_is(&w, &tar);
	unpack(w.blob.data + w.layout.toc.at, w.layout.toc.len, &toc);
	assert_int_equal(toc.len, w.layout.toc.plain);
	assert_true(keg_str_starts(toc.data, "{\"version\":1,\"entries\":[{\"type\":\"dir\""));
	assert_non_null(strstr(toc.data, "{\"type\":\"hardlink\",\"name\":\"hard\",\"linkName\":"
					 "\"d/one\""));
	assert_non_null(strstr(toc.data, "\"devMajor\":1,\"devMinor\":3"));
	assert_non_null(strstr(toc.data, "\"tarSplitDigest\":\"sha256:"));

	const char *at = strstr(toc.data, "{\"type\":\"reg\",\"name\":\"two\"");
	assert_non_null(at);
	size_t len = (size_t)(strstr(at, "}]") + 1 - at);
	if (chunked_row_get(at, len, &arena, &row, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(row.mode, 04755);
	assert_string_equal(row.modified, "2023-11-14T22:13:20Z");
	assert_int_equal(row.n_xattrs, 1);
	assert_string_equal(row.xattrs[0].value, "AAE=");
	assert_int_equal(row.size, 6);
	assert_int_equal(row.chunk_size, 0);
	unpack(w.blob.data + row.offset, (size_t)(row.end - row.offset), &file);
	assert_string_equal(file.data, "second");
}

static void what_the_table_has_no_words_for_is_plain_zstd(void **state)
{
	static const struct member twice[] = { M_FILE("one", "1"), M_FILE("./one", "2") };
	static const struct member no_text[] = { M_FILE("one", "1"), M_FILE("\xff", "2") };
	const struct {
		const struct member *members;
		size_t n;
	} cases[] = { { twice, 2 }, { no_text, 2 } };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(cases); i++) {
		auto(keg_buf) tar = { 0 };
		auto(written) w = { 0 };

		make_tar(cases[i].members, cases[i].n, &tar);
		write_blob(&tar, &w);
		assert_plain_is(&w, &tar);
		assert_string_equal(w.layout.checksum, "");
	}
}

static void what_is_no_tar_is_refused(void **state)
{
	autoptr(stream_in) chunked = NULL;
	struct chunked_layout layout;
	auto(keg_buf) out = { 0 };
	struct keg_err err = { 0 };
	char junk[600];

	(void)state;
	fill(junk, sizeof junk, 3);
	assert_int_equal(
		stream_in_chunked(stream_in_memory(junk, sizeof junk), 0, &layout, &chunked, &err),
		0);
	assert_int_equal(stream_read_all(chunked, SIZE_MAX, &out, &err), -KEG_ECORRUPT);
}

static void the_footer_repeats_the_places(void **state)
{
	auto(keg_buf) tar = { 0 };
	auto(keg_buf) footer = { 0 };
	auto(written) w = { 0 };

	(void)state;
	make_tar(members, KEG_COUNT(members), &tar);
	write_blob(&tar, &w);
	chunked_footer_put(&w.layout, &footer);
	assert_int_equal(footer.len, 64);
	assert_memory_equal(w.blob.data + w.blob.len - footer.len, footer.data, footer.len);
	assert_memory_equal(footer.data + 56, "GNUlInUx", 8);
	assert_int_equal((unsigned char)footer.data[0], w.layout.toc.at & 0xff);
	assert_int_equal(footer.data[24], 1);
}

/* --- annotations --------------------------------------------------------------------------- */

static void annotations_come_back(void **state)
{
	const struct chunked_layout layout = {
		.checksum = "sha256:"
			    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.toc = { 100, 20, 300 },
		.split = { 128, 40, 500 },
	};
	struct keg_pair pairs[CHUNKED_ANNOTATIONS];
	struct chunked_layout back = { 0 };
	auto(keg_arena) arena = { 0 };
	struct keg_err err = { 0 };

	(void)state;
	chunked_annotate(&layout, &arena, pairs);
	assert_string_equal(pairs[1].value, "100:20:300:1");
	assert_int_equal(chunked_layout_of(pairs, KEG_COUNT(pairs), 168, &back, &err), 1);
	assert_memory_equal(&back, &layout, sizeof back);
	assert_int_equal(chunked_layout_of(pairs, KEG_COUNT(pairs), 167, &back, &err),
			 -KEG_ECORRUPT);
	assert_int_equal(chunked_layout_of(pairs, 2, 168, &back, &err), 0);
}

static void impossible_annotations_are_refused(void **state)
{
	static const char good[] =
		"sha256:"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const struct {
		const char *checksum, *toc, *split;
	} cases[] = {
		{ "sha256:12", "1:2:3:1", "1:2:3" },
		{ good, "1:2:3", "1:2:3" },
		{ good, "1:2:3:2", "1:2:3" },
		{ good, "1:2:3:1", "1:2:3:1" },
		{ good, "1:2:3:1", "" },
		{ good, "1:0:3:1", "1:2:3" },
		{ good, "-1:2:3:1", "1:2:3" },
		{ good, "999999999:2:3:1", "1:2:3" },
		{ good, "18446744073709551615:2:3:1", "1:2:3" },
		{ good, "1:18446744073709551615:3:1", "1:2:3" },
		{ good, "1:2:157286401:1", "1:2:3" },
		{ good, "1:157286401:3:1", "1:2:3" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(cases); i++) {
		const struct keg_pair pairs[] = {
			{ CHUNKED_CHECKSUM, cases[i].checksum },
			{ CHUNKED_POSITION, cases[i].toc },
			{ CHUNKED_SPLIT_POSITION, cases[i].split },
		};
		struct chunked_layout out;
		struct keg_err err = { 0 };

		assert_int_equal(chunked_layout_of(pairs, 3, 200 << 20, &out, &err), -KEG_ECORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_runs_of_zeros_are_chunks),
		cmocka_unit_test(equal_parts_become_equal_chunks_wherever_they_stand),
		cmocka_unit_test(the_stream_is_the_tar_and_the_table_says_where_files_are),
		cmocka_unit_test(what_the_table_has_no_words_for_is_plain_zstd),
		cmocka_unit_test(what_is_no_tar_is_refused),
		cmocka_unit_test(the_footer_repeats_the_places),
		cmocka_unit_test(annotations_come_back),
		cmocka_unit_test(impossible_annotations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
