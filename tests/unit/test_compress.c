/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/compress.h"

#include <fcntl.h>
#include <string.h>

#include "archive/stream_tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

#define CORPUS "tests/fuzz/corpus/compressed/"

/* Something that compresses, but not to nothing. */
static void make_text(struct keg_buf *text, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		keg_buf_printf(text, "line %zu of %zu\n", i * 7919 % 104729, i);
}

static void pack(const struct keg_buf *text, enum compression what, int level, struct keg_buf *out)
{
	struct keg_err err = { 0 };
	struct stream_out *stage;

	assert_int_equal(stream_compress(stream_out_buf(out), what, level, &stage, &err), 0);
	autoptr(stream_out) owned = stage;
	for (size_t at = 0; at < text->len; at += 10000) {
		size_t part = text->len - at < 10000 ? text->len - at : 10000;

		assert_int_equal(owned->write(owned, text->data + at, part, &err), 0);
	}
	assert_int_equal(owned->finish(owned, &err), 0);
}

static int unpack(struct stream_in *from, uint64_t most, struct keg_buf *out,
		  enum compression *found, struct keg_err *err)
{
	struct stream_in *stage = NULL;
	int r = stream_decompress(from, most, found, &stage, err);

	if (r < 0) {
		stream_in_close(from);
		return r;
	}
	r = stream_read_all(stage, 64 << 20, out, err);
	stream_in_close(stage);
	return r;
}

static int unpack_file(const char *name, struct keg_buf *out, struct keg_err *err)
{
	autofree char *path = keg_printf(CORPUS "%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return unpack(stream_in_fd(fd), 0, out, NULL, err);
}

static void what_is_compressed_comes_back(void **state)
{
	static const struct {
		enum compression what;
		int level;
	} table[] = {
		{ COMPRESSION_NONE, 0 }, { COMPRESSION_GZIP, 0 }, { COMPRESSION_GZIP, 1 },
		{ COMPRESSION_GZIP, 9 }, { COMPRESSION_ZSTD, 0 }, { COMPRESSION_ZSTD, 1 },
	};
	auto(keg_buf) text = { 0 };

	(void)state;
	make_text(&text, 60000);
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		enum compression found;
		auto(keg_buf) packed = { 0 };
		auto(keg_buf) twice = { 0 };
		auto(keg_buf) back = { 0 };

		pack(&text, table[i].what, table[i].level, &packed);
		pack(&text, table[i].what, table[i].level, &twice);
		assert_int_equal(packed.len, twice.len);
		assert_memory_equal(packed.data, twice.data, packed.len);
		if (table[i].what != COMPRESSION_NONE)
			assert_true(packed.len < text.len / 2);
		assert_int_equal(
			unpack(stream_in_memory(packed.data, packed.len), 0, &back, &found, &err),
			0);
		assert_int_equal(found, table[i].what);
		assert_int_equal(back.len, text.len);
		assert_memory_equal(back.data, text.data, text.len);
	}
}

static void nothing_compressed_is_nothing_again(void **state)
{
	static const enum compression kinds[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		struct keg_err err = { 0 };
		auto(keg_buf) text = { 0 };
		auto(keg_buf) packed = { 0 };
		auto(keg_buf) back = { 0 };

		pack(&text, kinds[i], 0, &packed);
		assert_true(packed.len > 0);
		assert_int_equal(
			unpack(stream_in_memory(packed.data, packed.len), 0, &back, NULL, &err), 0);
		assert_int_equal(back.len, 0);
	}
}

static void streams_of_other_tools_are_read_whole(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} table[] = {
		{ "gzip", 600 },	 { "gzip-members", 1200 }, { "zstd", 600 },
		{ "zstd-frames", 1200 }, { "plain", 5 },	   { "empty", 0 },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		auto(keg_buf) back = { 0 };

		assert_int_equal(unpack_file(table[i].name, &back, &err), 0);
		assert_int_equal(back.len, table[i].len);
	}
}

static void damage_is_reported_and_never_passes_as_the_end(void **state)
{
	static const struct {
		const char *name, *reason;
		int code;
	} table[] = {
		{ "gzip-truncated", "unexpected end", -KEG_ECORRUPT },
		{ "gzip-garbage", "garbage", -KEG_ECORRUPT },
		{ "gzip-bad-crc", "checksum", -KEG_ECORRUPT },
		{ "zstd-truncated", "unexpected end", -KEG_ECORRUPT },
		{ "xz", "xz", -KEG_EUNSUPPORTED },
		{ "bzip2", "bzip2", -KEG_EUNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		auto(keg_buf) back = { 0 };

		assert_int_equal(unpack_file(table[i].name, &back, &err), table[i].code);
		assert_non_null(strstr(err.msg, table[i].reason));
	}
}

static void every_cut_of_a_stream_is_an_error(void **state)
{
	static const enum compression kinds[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };
	auto(keg_buf) text = { 0 };

	(void)state;
	make_text(&text, 100);
	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		auto(keg_buf) packed = { 0 };

		pack(&text, kinds[i], 0, &packed);
		for (size_t cut = 4; cut < packed.len; cut++) {
			struct keg_err err = { 0 };
			auto(keg_buf) back = { 0 };

			assert_int_equal(
				unpack(stream_in_memory(packed.data, cut), 0, &back, NULL, &err),
				-KEG_ECORRUPT);
		}
	}
}

static void a_bomb_is_stopped_at_the_limit(void **state)
{
	static const enum compression kinds[] = { COMPRESSION_NONE, COMPRESSION_GZIP,
						  COMPRESSION_ZSTD };
	auto(keg_buf) zeros = { 0 };

	(void)state;
	memset(keg_buf_reserve(&zeros, 32 << 20), 0, 32 << 20);
	zeros.len = 32 << 20;
	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		struct keg_err err = { 0 };
		auto(keg_buf) packed = { 0 };
		auto(keg_buf) back = { 0 };

		pack(&zeros, kinds[i], 0, &packed);
		assert_int_equal(unpack(stream_in_memory(packed.data, packed.len), 1 << 20, &back,
					NULL, &err),
				 -KEG_ECORRUPT);
		assert_true(back.len <= 1 << 20);
		assert_non_null(strstr(err.msg, "1048576"));
	}
}

static void bad_levels_and_formats_are_refused(void **state)
{
	struct keg_err err = { 0 };
	struct stream_out *stage;
	auto(keg_buf) out = { 0 };
	autoptr(stream_out) to = stream_out_buf(&out);

	(void)state;
	assert_int_equal(stream_compress(to, COMPRESSION_GZIP, 10, &stage, &err), -KEG_EUSAGE);
	assert_int_equal(stream_compress(to, COMPRESSION_ZSTD, -1, &stage, &err), -KEG_EUSAGE);
	assert_int_equal(stream_compress(to, COMPRESSION_XZ, 0, &stage, &err), -KEG_EUNSUPPORTED);
}

static void a_tap_sums_what_flows_by(void **state)
{
	static const char sum[] =
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct keg_err err = { 0 };
	struct stream_tap tap;
	char digest[7 + KEG_SHA256_HEX + 1];

	(void)state;
	stream_tap_init(&tap, 0);
	autoptr(stream_in) in = stream_in_tapped(stream_in_memory("abc", 3), &tap);
	assert_int_equal(stream_drain(in, &err), 0);
	stream_tap_digest(&tap, digest);
	assert_string_equal(digest, sum);
	assert_int_equal(stream_tap_check(&tap, "blob", sum, 3, &err), 0);
	assert_int_equal(stream_tap_check(&tap, "blob", sum, -1, &err), 0);
	assert_int_equal(stream_tap_check(&tap, "blob", sum, 4, &err), -KEG_ECORRUPT);
	assert_int_equal(stream_tap_check(&tap, "blob", "sha256:00", 3, &err), -KEG_ECORRUPT);
	assert_non_null(strstr(err.msg, "digest mismatch"));
}

static void a_tap_stops_what_is_too_long(void **state)
{
	struct keg_err err = { 0 };
	struct stream_tap tap;

	(void)state;
	stream_tap_init(&tap, 2);
	autoptr(stream_in) in = stream_in_tapped(stream_in_memory("abc", 3), &tap);
	assert_int_equal(stream_drain(in, &err), -KEG_ECORRUPT);
}

/* Fails after some bytes. */
struct failing {
	struct stream_in in;
	size_t left;
};

static ssize_t failing_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct failing *self = (struct failing *)in;
	size_t part = room < self->left ? room : self->left;

	if (part == 0)
		return keg_fail(err, KEG_ENETWORK, "connection lost");
	memset(bytes, 'x', part);
	self->left -= part;
	return (ssize_t)part;
}

static void failing_close(struct stream_in *in)
{
	free(in);
}

static struct stream_in *failing_after(size_t left)
{
	struct failing *self = keg_alloc(1, sizeof *self);

	*self = (struct failing){ { failing_read, failing_close }, left };
	return &self->in;
}

static void reading_ahead_changes_nothing(void **state)
{
	struct keg_err err = { 0 };
	auto(keg_buf) text = { 0 };
	auto(keg_buf) back = { 0 };

	(void)state;
	make_text(&text, 200000);
	autoptr(stream_in) in = stream_in_ahead(stream_in_memory(text.data, text.len));
	assert_int_equal(stream_read_all(in, 64 << 20, &back, &err), 0);
	assert_int_equal(back.len, text.len);
	assert_memory_equal(back.data, text.data, text.len);
	assert_int_equal(in->read(in, back.data, 1, &err), 0);
}

static void an_error_read_ahead_appears_and_stays(void **state)
{
	struct keg_err err = { 0 };
	char byte;

	(void)state;
	autoptr(stream_in) in = stream_in_ahead(failing_after(3000000));
	assert_int_equal(stream_drain(in, &err), -KEG_ENETWORK);
	assert_string_equal(err.msg, "connection lost");
	assert_int_equal(in->read(in, &byte, 1, &err), -KEG_ENETWORK);
}

static void closing_early_ends_the_thread(void **state)
{
	struct keg_err err = { 0 };
	char byte;

	(void)state;
	stream_in_close(stream_in_ahead(failing_after(SIZE_MAX)));
	autoptr(stream_in) in = stream_in_ahead(failing_after(SIZE_MAX));
	assert_int_equal(in->read(in, &byte, 1, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_compressed_comes_back),
		cmocka_unit_test(nothing_compressed_is_nothing_again),
		cmocka_unit_test(streams_of_other_tools_are_read_whole),
		cmocka_unit_test(damage_is_reported_and_never_passes_as_the_end),
		cmocka_unit_test(every_cut_of_a_stream_is_an_error),
		cmocka_unit_test(a_bomb_is_stopped_at_the_limit),
		cmocka_unit_test(bad_levels_and_formats_are_refused),
		cmocka_unit_test(a_tap_sums_what_flows_by),
		cmocka_unit_test(a_tap_stops_what_is_too_long),
		cmocka_unit_test(reading_ahead_changes_nothing),
		cmocka_unit_test(an_error_read_ahead_appears_and_stays),
		cmocka_unit_test(closing_early_ends_the_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
