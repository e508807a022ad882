/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/chunked_toc.h"

#include <string.h>

#include "archive/chunked_writer.h"
#include "archive/compress.h"
#include "archive/tar_rebuild.h"
#include "base/mem.h"
#include "tests/unit/tar_maker.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TABLE(rows) "{\"version\":1,\"entries\":[" rows "],\"tarSplitDigest\":\"" DIGEST "\"}"
#define FILE_ROW(name, rest) \
	"{\"type\":\"reg\",\"name\":\"" name "\",\"digest\":\"" DIGEST "\"," rest "}"
#define PART_ROW(name, rest) "{\"type\":\"chunk\",\"name\":\"" name "\"," rest "}"

enum { END = 1000 };

static int parse(const char *text, struct chunked_toc *toc, struct keg_err *err)
{
	return chunked_toc_parse(text, strlen(text), END, toc, err);
}

static void files_and_their_parts_are_found_by_name(void **state)
{
	static const char rows[] =
		TABLE("{\"type\":\"dir\",\"name\":\"d/\"},"
		      "{\"type\":\"reg\",\"name\":\"d/a\",\"digest\":\"" DIGEST "\",\"size\":7,"
		      "\"offset\":10,\"endOffset\":30,\"chunkSize\":3},"
		      "{\"type\":\"chunk\",\"name\":\"d/a\",\"offset\":20,\"chunkSize\":4,"
		      "\"chunkOffset\":3,\"chunkType\":\"zeros\"},"
		      "{\"type\":\"reg\",\"name\":\"b]}\\\"{\",\"digest\":\"" DIGEST "\","
		      "\"size\":1,\"offset\":31,\"endOffset\":40},"
		      "{\"type\":\"reg\",\"name\":\"empty\"}");
	auto(chunked_toc) toc = { 0 };
	struct chunked_content content;
	struct keg_err err = { 0 };

	(void)state;
	if (parse(rows, &toc, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(chunked_toc_find(&toc, "d/a", &content));
	assert_int_equal(content.size, 7);
	assert_int_equal(content.n_pieces, 2);
	assert_int_equal(content.pieces[0].at, 10);
	assert_int_equal(content.pieces[0].len, 10);
	assert_int_equal(content.pieces[0].size, 3);
	assert_false(content.pieces[0].zeros);
	assert_int_equal(content.pieces[1].len, 10);
	assert_true(content.pieces[1].zeros);
	assert_true(chunked_toc_find(&toc, "b]}\"{", &content));
	assert_int_equal(content.pieces[0].at, 31);
	assert_true(chunked_toc_find(&toc, "empty", &content));
	assert_int_equal(content.n_pieces, 0);
	assert_false(chunked_toc_find(&toc, "d/", &content));
	assert_string_equal(toc.split_digest, DIGEST);
}

static void tables_that_cannot_be_true_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[",
		"{\"version\":1,\"entries\":[",
		"{\"version\":2,\"entries\":[],\"tarSplitDigest\":\"" DIGEST "\"}",
		"{\"version\":1,\"entries\":[]}",
		"{\"version\":1,\"entries\":[],\"tarSplitDigest\":\"sha256:0\"}",
		TABLE("{\"name\":\"no type\"}"),
		TABLE("{\"type\":\"reg\",\"name\":\"a\",\"size\":1,\"offset\":1,"
		      "\"endOffset\":2}"),
		TABLE(FILE_ROW("negative", "\"size\":-1,\"offset\":1,\"endOffset\":2")),
		TABLE(FILE_ROW("before", "\"size\":1,\"offset\":-1,\"endOffset\":2")),
		TABLE(FILE_ROW("behind", "\"size\":1,\"offset\":990,\"endOffset\":1001")),
		TABLE(FILE_ROW("far", "\"size\":1,\"offset\":9223372036854775807,"
				      "\"endOffset\":9223372036854775807")),
		TABLE(FILE_ROW("backwards", "\"size\":1,\"offset\":10,\"endOffset\":10")),
		TABLE(FILE_ROW("twice", "\"size\":1,\"offset\":10,\"endOffset\":20") "," FILE_ROW(
			"twice", "\"size\""
				 ":1,"
				 "\"offset"
				 "\":20,"
				 "\"endOff"
				 "set\":"
				 "30")),
		TABLE(FILE_ROW("a",
			       "\"size\":1,\"offset\":10,\"endOffset\":20") "," FILE_ROW("overlap"
											 "s",
											 "\"size\""
											 ":1,"
											 "\"offset"
											 "\":19,"
											 "\"endOff"
											 "set\":"
											 "30")),
		TABLE(PART_ROW("no file", "\"offset\":20,\"chunkSize\":4")),
		TABLE(FILE_ROW("a", "\"size\":5,\"offset\":10,\"endOffset\":20,"
				    "\"chunkSize\":1") "," PART_ROW("other",
								    "\"offset\":15,\"chunkSize\":4,"
								    "\"chunkOffset\":1")),
		TABLE(FILE_ROW("short",
			       "\"size\":5,\"offset\":10,\"endOffset\":20,\"chunkSize\":1")),
		TABLE(FILE_ROW("long",
			       "\"size\":5,\"offset\":10,\"endOffset\":20,\"chunkSize\":6")),
		TABLE(FILE_ROW("gap",
			       "\"size\":5,\"offset\":10,\"endOffset\":20,"
			       "\"chunkSize\":1") "," PART_ROW("gap", "\"offset\":15,\"chunkSize\":"
								      "3,\"chunkOffset\":2")),
		TABLE(FILE_ROW("before",
			       "\"size\":5,\"offset\":10,\"endOffset\":20,"
			       "\"chunkSize\":1") "," PART_ROW("before",
							       "\"offset\":10,\"chunkSize\":4,"
							       "\"chunkOffset\":1")),
		TABLE(FILE_ROW("end",
			       "\"size\":5,\"offset\":10,\"endOffset\":20,"
			       "\"chunkSize\":1") "," PART_ROW("end", "\"offset\":20,\"chunkSize\":"
								      "4,\"chunkOffset\":1")),
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(bad); i++) {
		auto(chunked_toc) toc = { 0 };
		struct keg_err err = { 0 };

		if (parse(bad[i], &toc, &err) != -KEG_ECORRUPT)
			fail_msg("taken: %s", bad[i]);
	}
}

/* --- the tar again ------------------------------------------------------------------------- */

struct source {
	const struct keg_buf *blob;
	const struct chunked_toc *toc;
	size_t too_much; /* bytes more than the file has */
};

static int open_content(void *ctx, const char *name, uint64_t size, struct stream_in **out,
			struct keg_err *err)
{
	const struct source *source = ctx;
	struct chunked_content content;
	struct stream_in *packed;

	assert_true(chunked_toc_find(source->toc, name, &content));
	assert_int_equal(content.size, size);
	assert_int_equal(content.n_pieces, 1);
	packed = stream_in_memory(source->blob->data + content.pieces[0].at,
				  (size_t)content.pieces[0].len);
	assert_int_equal(stream_decompress(packed, 0, NULL, out, err), 0);
	if (source->too_much)
		*out = stream_in_prefixed("more", source->too_much, *out);
	return 0;
}

static void unpack_part(const struct keg_buf *blob, const struct chunked_part *part,
			struct keg_buf *out)
{
	struct keg_err err = { 0 };
	autoptr(stream_in) plain = NULL;

	assert_int_equal(
		stream_decompress(stream_in_memory(blob->data + part->at, (size_t)part->len),
				  part->plain, NULL, &plain, &err),
		0);
	assert_int_equal(stream_read_all(plain, (size_t)part->plain, out, &err), 0);
	assert_int_equal(out->len, part->plain);
}

static void the_tar_is_made_again_of_its_parts(void **state)
{
	static const struct member members[] = {
		M_DIR("d/"),
		M_FILE("d/one", "first"),
		M_FILE("d/empty", ""),
		M_LINK(TAR_HARDLINK, "hard", "d/one"),
		M_FILE("two", "second"),
	};
	auto(keg_buf) tar = { 0 };
	auto(keg_buf) blob = { 0 };
	auto(keg_buf) text = { 0 };
	auto(keg_buf) split = { 0 };
	auto(chunked_toc) toc = { 0 };
	struct chunked_layout layout;
	struct keg_err err = { 0 };
	autoptr(stream_in) chunked = NULL;

	(void)state;
	make_tar(members, KEG_COUNT(members), &tar);
	assert_int_equal(
		stream_in_chunked(stream_in_memory(tar.data, tar.len), 0, &layout, &chunked, &err),
		0);
	assert_int_equal(stream_read_all(chunked, SIZE_MAX, &blob, &err), 0);
	unpack_part(&blob, &layout.toc, &text);
	unpack_part(&blob, &layout.split, &split);
	if (chunked_toc_parse(text.data, text.len, layout.toc.at, &toc, &err) < 0)
		fail_msg("%s", err.msg);

	for (size_t too_much = 0; too_much < 2; too_much++) {
		struct source source = { &blob, &toc, too_much };
		const struct tar_contents contents = { open_content, &source };
		auto(keg_buf) again = { 0 };
		autoptr(stream_in) rebuilt =
			stream_in_rebuilt(stream_in_memory(split.data, split.len), &contents);
		int r = stream_read_all(rebuilt, SIZE_MAX, &again, &err);

		assert_int_equal(r, too_much ? -KEG_ECORRUPT : 0);
		if (too_much)
			continue;
		assert_int_equal(again.len, tar.len);
		assert_memory_equal(again.data, tar.data, tar.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_their_parts_are_found_by_name),
		cmocka_unit_test(tables_that_cannot_be_true_are_refused),
		cmocka_unit_test(the_tar_is_made_again_of_its_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
