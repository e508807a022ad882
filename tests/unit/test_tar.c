/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "archive/tar_header.h"
#include "archive/tar_reader.h"
#include "base/mem.h"
#include "tests/unit/tar_maker.h"

#define CORPUS "tests/fuzz/corpus/tar/"
#define N10 "nnnnnnnnnn"
#define N120 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10
#define P10 "pppppppppp"
#define P90 P10 P10 P10 P10 P10 P10 P10 P10 P10
#define Q10 "qqqqqqqqqq"
#define Q90 Q10 Q10 Q10 Q10 Q10 Q10 Q10 Q10 Q10

static struct tar_reader *open_corpus(const char *name, struct stream_in **in)
{
	autofree char *path = keg_printf(CORPUS "%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	*in = stream_in_fd(fd);
	return tar_reader_new(*in, NULL);
}

/* The content of the current member with its holes as zeros. */
static int read_content(struct tar_reader *reader, const struct tar_entry *entry,
			struct keg_buf *out, struct keg_err *err)
{
	const void *bytes;
	uint64_t at;
	size_t len;
	int r;

	while ((r = tar_reader_data(reader, &bytes, &len, &at, err)) > 0) {
		assert_true(at + len <= entry->size);
		while (out->len < at)
			keg_buf_putc(out, '\0');
		keg_buf_add(out, bytes, len);
	}
	return r;
}

static const struct tar_xattr *find_xattr(const struct tar_entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		if (strcmp(entry->xattrs[i].name, name) == 0)
			return &entry->xattrs[i];
	}
	return NULL;
}

static void archives_of_every_format_are_read(void **state)
{
	static const struct {
		const char *archive, *name;
		enum tar_type type;
		uint64_t size;
		uint32_t uid, mode;
		const char *link;
	} table[] = {
		{ "gnu", "./d/" N120 "/file", TAR_FILE, 3, 0, 0644, "" },
		{ "gnu", "./d/link", TAR_SYMLINK, 0, 0, 0777, N120 "/" N120 },
		{ "gnu", "./hard", TAR_HARDLINK, 0, 0, 0644, "./d/" N120 "/file" },
		{ "gnu", "./null", TAR_CHAR, 0, 0, 0644, "" },
		{ "gnu", "./fifo", TAR_FIFO, 0, 0, 0644, "" },
		{ "gnu", "./x", TAR_FILE, 1, 100000, 04755, "" },
		{ "pax", "./d/" N120 "/file", TAR_FILE, 3, 0, 0644, "" },
		{ "pax", "./d/link", TAR_SYMLINK, 0, 0, 0777, N120 "/" N120 },
		{ "pax", "./x", TAR_FILE, 1, 100000, 0755, "" },
		{ "ustar", "x", TAR_FILE, 1, 0, 0755, "" },
		{ "ustar", "u/" P90 "/" Q90, TAR_FILE, 1, 0, 0644, "" },
		{ "v7", "hard", TAR_FILE, 3, 0, 0644, "" },
		{ "v7", "d/", TAR_DIR, 0, 0, 0755, "" },
		{ "gnu-label", "x", TAR_FILE, 1, 0, 0755, "" },
		{ "prefix", "some/prefix/f", TAR_FILE, 3, 0, 0644, "" },
		{ "hardlink-with-size", "b", TAR_HARDLINK, 0, 0, 0644, "a" },
		{ "no-end", "f", TAR_FILE, 3, 0, 0644, "" },
		{ "trailing-garbage", "f", TAR_FILE, 3, 0, 0644, "" },
		{ "base256-mtime", "f", TAR_FILE, 3, 65536, 0644, "" },
		{ "pax-big-ids", "f", TAR_FILE, 3, 4294967294, 0644, "" },
		{ "pax-global", "f", TAR_FILE, 3, 0, 0644, "" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct stream_in *in;
		const struct tar_entry *entry;
		bool found = false;
		int r;

		autoptr(tar_reader) reader = open_corpus(table[i].archive, &in);
		while ((r = tar_reader_next(reader, &entry, &err)) > 0) {
			if (strcmp(entry->name, table[i].name) != 0)
				continue;
			found = true;
			assert_int_equal(entry->type, table[i].type);
			assert_int_equal(entry->size, table[i].size);
			assert_int_equal(entry->uid, table[i].uid);
			assert_int_equal(entry->mode & 07777, table[i].mode);
			assert_string_equal(entry->link, table[i].link);
		}
		assert_int_equal(r, 0);
		if (!found)
			fail_msg("%s: no %s", table[i].archive, table[i].name);
		stream_in_close(in);
	}
}

static void what_pax_says_beats_the_header(void **state)
{
	struct keg_err err = { 0 };
	struct stream_in *in;
	const struct tar_entry *entry;

	(void)state;
	autoptr(tar_reader) reader = open_corpus("pax-big-ids", &in);
	assert_int_equal(tar_reader_next(reader, &entry, &err), 1);
	assert_int_equal(entry->gid, 3000000);
	assert_int_equal(entry->mtime.tv_sec, -2);
	assert_int_equal(entry->mtime.tv_nsec, 500000000);
	stream_in_close(in);

	autoptr(tar_reader) attributes = open_corpus("pax-libarchive", &in);
	assert_int_equal(tar_reader_next(attributes, &entry, &err), 1);
	assert_int_equal(entry->n_xattrs, 2);
	assert_memory_equal(find_xattr(entry, "user.a=b")->value, "val", 4);
	assert_memory_equal(find_xattr(entry, "user.c")->value, "d", 2);
	stream_in_close(in);
}

static void sparse_files_of_every_form_have_the_same_content(void **state)
{
	static const char *const archives[] = { "sparse-oldgnu", "sparse-pax-0.0", "sparse-pax-0.1",
						"sparse-pax-1.0" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(archives); i++) {
		struct keg_err err = { 0 };
		struct stream_in *in;
		const struct tar_entry *entry;
		auto(keg_buf) content = { 0 };

		autoptr(tar_reader) reader = open_corpus(archives[i], &in);
		assert_int_equal(tar_reader_next(reader, &entry, &err), 1);
		assert_string_equal(entry->name, "s/sparse");
		assert_int_equal(entry->size, 300000);
		assert_non_null(entry->extents);
		assert_int_equal(read_content(reader, entry, &content, &err), 0);
		for (size_t n = 0; n < 6; n++) {
			char want[6] = { 'D', 'A', 'T', 'A', (char)('0' + n), 0 };

			assert_memory_equal(content.data + n * 32768 + 4096, want, 6);
		}
		assert_int_equal(tar_reader_next(reader, &entry, &err), 0);
		stream_in_close(in);
	}
}

static void a_long_sparse_map_goes_on_in_further_blocks(void **state)
{
	struct keg_err err = { 0 };
	struct stream_in *in;
	const struct tar_entry *entry;
	auto(keg_buf) content = { 0 };

	(void)state;
	autoptr(tar_reader) reader = open_corpus("sparse-oldgnu-extended", &in);
	assert_int_equal(tar_reader_next(reader, &entry, &err), 1);
	assert_int_equal(entry->size, 40000);
	assert_int_equal(entry->n_extents, 30);
	assert_int_equal(read_content(reader, entry, &content, &err), 0);
	assert_memory_equal(content.data + 29000, "D029", 4);
	assert_memory_equal(content.data + 1000, "D001", 4);
	stream_in_close(in);
}

/* CVE-2017-14992: a header that declares a long payload must not be believed. */
static void hostile_archives_are_refused_with_their_reason(void **state)
{
	static const char *const table[][2] = {
		{ "bad-size-negative", "size -1 is out of range" },
		{ "bad-size-huge", "malformed size" },
		{ "bad-size-text", "malformed size" },
		{ "bad-checksum", "invalid tar header" },
		{ "bad-truncated-header", "unexpected end" },
		{ "bad-truncated-data", "unexpected end" },
		{ "bad-one-zero-block", "zero block" },
		{ "bad-type", "unsupported member type 0x5a" },
		{ "bad-type-multivolume", "unsupported member type 0x4d" },
		{ "bad-longname-huge", "too long" },
		{ "bad-pax-huge", "too long" },
		{ "bad-pax-length", "malformed record" },
		{ "bad-pax-no-newline", "malformed record" },
		{ "bad-pax-no-equals", "malformed record" },
		{ "bad-pax-zero", "malformed record" },
		{ "bad-pax-nul-path", "holds a NUL" },
		{ "bad-pax-size", "malformed size" },
		{ "bad-pax-uid", "malformed uid" },
		{ "bad-pax-many-xattrs", "attributes" },
		{ "bad-pax-chain", "extension headers" },
		{ "bad-sparse-overlap", "malformed map" },
		{ "bad-sparse-beyond", "malformed map" },
		{ "bad-sparse-overflow", "malformed map" },
		{ "bad-sparse-sum", "maps 2 bytes and stores 3" },
		{ "bad-sparse-odd", "ends in the middle" },
		{ "bad-sparse-1.0-count", "sparse map without an end" },
		{ "bad-sparse-1.0-text", "malformed map" },
		{ "bad-sparse-no-size", "incomplete map" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct stream_in *in;
		const struct tar_entry *entry;
		int r;

		autoptr(tar_reader) reader = open_corpus(table[i][0], &in);
		while ((r = tar_reader_next(reader, &entry, &err)) > 0)
			;
		if (r != -KEG_ECORRUPT || !strstr(err.msg, table[i][1]))
			fail_msg("%s: %d %s", table[i][0], r, err.msg);
		stream_in_close(in);
	}
}

static void numbers_are_octal_or_base_256(void **state)
{
	static const struct {
		const char *field;
		bool good;
		int64_t value;
	} table[] = {
		{ "0000644\0", true, 0644 },
		{ "    644 ", true, 0644 },
		{ "\0\0\0\0\0\0\0\0", true, 0 },
		{ "77777777", true, 077777777 },
		{ "\x80\0\0\0\0\0\1\0", true, 256 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff", true, -1 },
		{ "\xff\0\0\0\0\0\0\0", true, -(1ll << 56) },
		{ "00006x4\0", false, 0 },
		{ "0000 64\0", false, 0 },
		{ "-000064\0", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		int64_t value = 0;
		int r = tar_number(table[i].field, 8, "mode", &value, &err);

		assert_int_equal(r, table[i].good ? 0 : -KEG_ECORRUPT);
		assert_int_equal(value, table[i].value);
	}
	struct keg_err err = { 0 };
	int64_t value;
	assert_int_equal(tar_number("\x80\0\0\x01\0\0\0\0\0\0\0\0", 12, "size", &value, &err),
			 -KEG_ECORRUPT);
}

static void what_is_written_is_read_the_same(void **state)
{
	static const struct tar_xattr xattrs[] = { { "user.z", "a\0b\n", 4 }, { "user.a", "", 0 } };
	const struct tar_entry entries[] = {
		{ .type = TAR_DIR, .name = "d/", .mode = 01777, .uid = 1, .gid = 2 },
		{ .type = TAR_FILE, .name = "short", .mode = 04755, .mtime = { 1714564800, 0 } },
		{ .type = TAR_FILE, .name = "d/" N120 "/" N120 "/" N120, .mode = 0644 },
		{ .type = TAR_FILE,
		  .name = "d/" N10 N10 N10 "/" N10 N10 N10 N10 N10 N10 N10,
		  .mode = 0600,
		  .link = "" },
		{ .type = TAR_FILE,
		  .name = "\xc3\xa9t\xc3\xa9",
		  .uid = 4000000000,
		  .gid = 2097152 },
		{ .type = TAR_FILE, .name = "\xff\xfe", .mtime = { -7, 0 } },
		{ .type = TAR_FILE, .name = "x", .xattrs = xattrs, .n_xattrs = 2 },
		{ .type = TAR_SYMLINK, .name = "l", .link = N120 },
		{ .type = TAR_HARDLINK, .name = "h", .link = "short" },
		{ .type = TAR_CHAR, .name = "c", .dev_major = 1, .dev_minor = 3 },
		{ .type = TAR_FIFO, .name = "p" },
	};
	struct keg_err err = { 0 };
	const struct tar_entry *got;
	auto(keg_buf) bytes = { 0 };
	autoptr(stream_out) out = stream_out_buf(&bytes);
	autoptr(tar_writer) writer = tar_writer_new(out, false);

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(entries); i++)
		assert_int_equal(tar_writer_add(writer, &entries[i], &err), 0);
	assert_int_equal(tar_writer_end(writer, &err), 0);
	assert_int_equal(bytes.len % TAR_BLOCK, 0);

	autoptr(stream_in) in = stream_in_memory(bytes.data, bytes.len);
	autoptr(tar_reader) reader = tar_reader_new(in, NULL);
	for (size_t i = 0; i < KEG_COUNT(entries); i++) {
		const struct tar_entry *want = &entries[i];

		assert_int_equal(tar_reader_next(reader, &got, &err), 1);
		assert_int_equal(got->type, want->type);
		assert_string_equal(got->name, want->name);
		assert_string_equal(got->link, want->link ? want->link : "");
		assert_int_equal(got->mode, want->mode);
		assert_int_equal(got->uid, want->uid);
		assert_int_equal(got->gid, want->gid);
		assert_int_equal(got->mtime.tv_sec, want->mtime.tv_sec);
		assert_int_equal(got->dev_major, want->dev_major);
		assert_int_equal(got->dev_minor, want->dev_minor);
		assert_int_equal(got->n_xattrs, want->n_xattrs);
	}
	assert_int_equal(tar_reader_next(reader, &got, &err), 0);
}

static void times_below_the_second_are_kept_when_asked(void **state)
{
	static const struct timespec times[] = {
		{ 1714564800, 123456789 }, { 5, 500000000 }, { -2, 500000000 }, { -1, 250000000 }
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(times); i++) {
		struct keg_err err = { 0 };
		const struct tar_entry *got;
		const struct tar_entry entry = { .type = TAR_FILE, .name = "f", .mtime = times[i] };
		auto(keg_buf) bytes = { 0 };
		autoptr(stream_out) out = stream_out_buf(&bytes);
		autoptr(tar_writer) writer = tar_writer_new(out, true);

		assert_int_equal(tar_writer_add(writer, &entry, &err), 0);
		assert_int_equal(tar_writer_end(writer, &err), 0);
		autoptr(stream_in) in = stream_in_memory(bytes.data, bytes.len);
		autoptr(tar_reader) reader = tar_reader_new(in, NULL);
		assert_int_equal(tar_reader_next(reader, &got, &err), 1);
		assert_int_equal(got->mtime.tv_sec, times[i].tv_sec);
		assert_int_equal(got->mtime.tv_nsec, times[i].tv_nsec);
	}
}

/* A stream that gives one byte at a time, as a slow network may. */
struct dripping {
	struct stream_in in;
	struct stream_in *from;
};

static ssize_t drip(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct stream_in *from = ((struct dripping *)in)->from;

	return from->read(from, bytes, room ? 1 : 0, err);
}

static void short_reads_make_no_difference(void **state)
{
	struct keg_err err = { 0 };
	const struct tar_entry *entry;
	size_t n = 0;
	int fd = open(CORPUS "pax", O_RDONLY | O_CLOEXEC);
	autoptr(stream_in) file = stream_in_fd(fd);
	struct dripping slow = { { drip, NULL }, file };
	autoptr(tar_reader) reader = tar_reader_new(&slow.in, NULL);

	(void)state;
	while (tar_reader_next(reader, &entry, &err) > 0)
		n++;
	assert_int_equal(n, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives_of_every_format_are_read),
		cmocka_unit_test(what_pax_says_beats_the_header),
		cmocka_unit_test(sparse_files_of_every_form_have_the_same_content),
		cmocka_unit_test(a_long_sparse_map_goes_on_in_further_blocks),
		cmocka_unit_test(hostile_archives_are_refused_with_their_reason),
		cmocka_unit_test(numbers_are_octal_or_base_256),
		cmocka_unit_test(what_is_written_is_read_the_same),
		cmocka_unit_test(times_below_the_second_are_kept_when_asked),
		cmocka_unit_test(short_reads_make_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
