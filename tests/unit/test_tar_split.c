/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/tar_split.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/layer_apply.h"
#include "base/mem.h"
#include "tests/unit/tar_maker.h"

/* Unpack into the tree while recording. */
static int unpack(const struct keg_buf *tar, const struct tree *tree, struct keg_buf *split,
		  struct keg_err *err)
{
	struct layer_applied done;
	autoptr(stream_in) in = stream_in_memory(tar->data, tar->len);
	autoptr(stream_out) out = stream_out_buf(split);
	autoptr(tar_split_recorder) recorder = tar_split_recorder_new(out);
	const struct layer_apply_options options = {
		.whiteouts = LAYER_PLAIN,
		.ignore_chown_errors = true, /* so that an ordinary user can run it */
		.watch = tar_split_recorder_watch(recorder),
	};
	int r = layer_apply(tree->fd, in, &options, &done, err);

	return r < 0 ? r : tar_split_recorder_end(recorder, err);
}

static int assemble(const struct keg_buf *split, const struct tree *tree, struct keg_buf *tar,
		    struct keg_err *err)
{
	autoptr(stream_in) in = stream_in_memory(split->data, split->len);
	autoptr(stream_out) out = stream_out_buf(tar);

	return tar_split_assemble(in, tree->fd, out, err);
}

static void assert_same_again(const struct keg_buf *tar)
{
	struct keg_err err = { 0 };
	struct tree tree __attribute__((cleanup(tree_done)));
	auto(keg_buf) split = { 0 };
	auto(keg_buf) again = { 0 };

	tree_make(&tree);
	if (unpack(tar, &tree, &split, &err) < 0)
		fail_msg("%s", err.msg);
	if (assemble(&split, &tree, &again, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(again.len, tar->len);
	assert_memory_equal(again.data, tar->data, tar->len);
}

static const struct member members[] = {
	M_DIR("./d"),
	M_FILE("./d/one", "first"),
	M_FILE("./d/empty", ""),
	M_FILE("./\xff\xfe \"quoted\\\"\n<&>", "bytes"),
	M_LINK(TAR_SYMLINK, "./link", "d/one"),
	M_LINK(TAR_HARDLINK, "./hard", "./d/one"),
	M_FILE("./\xc3\xa9", "utf-8"),
};

static void a_tar_comes_back_bit_for_bit(void **state)
{
	auto(keg_buf) tar = { 0 };

	(void)state;
	make_tar(members, KEG_COUNT(members), &tar);
	assert_same_again(&tar);
	/* What follows the end belongs to the digest too. */
	for (int i = 0; i < 3000000; i++)
		keg_buf_putc(&tar, 0);
	keg_buf_puts(&tar, "tail");
	assert_same_again(&tar);
}

static void archives_of_other_tools_come_back_bit_for_bit(void **state)
{
	static const char *const archives[] = {
		"sparse-oldgnu",  "sparse-oldgnu-extended", "sparse-pax-0.0",
		"sparse-pax-0.1", "sparse-pax-1.0",	    "no-end",
		"gnu-label",	  "trailing-garbage",	    "pax-global",
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(archives); i++) {
		struct keg_err err = { 0 };
		auto(keg_buf) tar = { 0 };
		autofree char *path = keg_printf("tests/fuzz/corpus/tar/%s", archives[i]);

		assert_int_equal(keg_file_read(AT_FDCWD, path, 1 << 20, &tar, &err), 0);
		assert_same_again(&tar);
	}
}

static void the_record_is_what_containers_storage_writes(void **state)
{
	static const struct member one[] = { M_FILE("./f", "123456789") };
	struct keg_err err = { 0 };
	struct tree tree __attribute__((cleanup(tree_done)));
	auto(keg_buf) tar = { 0 };
	auto(keg_buf) split = { 0 };

	(void)state;
	tree_make(&tree);
	make_tar(one, 1, &tar);
	assert_int_equal(unpack(&tar, &tree, &split, &err), 0);
	assert_int_equal(strncmp(split.data, "{\"type\":2,\"payload\":\"Li9m", 25), 0);
	/* The check value of CRC-64/GO-ISO: b90956c775a41001. */
	assert_non_null(strstr(split.data, "{\"type\":1,\"name\":\"./f\",\"size\":9,"
					   "\"payload\":\"uQlWx3WkEAE=\",\"position\":1}\n"));
	assert_non_null(strstr(split.data, ",\"position\":2}\n"));
}

/* Each changes the tree so that the original cannot be had any more. */
static void change_content(int fd)
{
	struct keg_err err = { 0 };

	assert_int_equal(keg_file_write(fd, "d/one", "First", 5, 0644, 0, &err), 0);
}

static void change_size(int fd)
{
	struct keg_err err = { 0 };

	assert_int_equal(keg_file_write(fd, "d/one", "first!", 6, 0644, 0, &err), 0);
}

static void remove_file(int fd)
{
	assert_int_equal(unlinkat(fd, "d/one", 0), 0);
}

static void link_out(int fd)
{
	assert_int_equal(unlinkat(fd, "d/one", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", fd, "d/one"), 0);
}

static void fifo_instead(int fd)
{
	assert_int_equal(unlinkat(fd, "d/one", 0), 0);
	assert_int_equal(mkfifoat(fd, "d/one", 0600), 0);
}

static void a_changed_tree_is_found_out(void **state)
{
	static const struct {
		void (*change)(int fd);
		const char *reason;
	} table[] = {
		{ change_content, "checksum differs" },
		{ change_size, "its size is 6, not 5" },
		{ remove_file, "missing" },
		{ link_out, "missing" },
		{ fifo_instead, "changed" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct tree tree __attribute__((cleanup(tree_done)));
		auto(keg_buf) tar = { 0 };
		auto(keg_buf) split = { 0 };
		auto(keg_buf) again = { 0 };

		tree_make(&tree);
		make_tar(members, KEG_COUNT(members), &tar);
		assert_int_equal(unpack(&tar, &tree, &split, &err), 0);
		table[i].change(tree.fd);
		assert_int_equal(assemble(&split, &tree, &again, &err), -KEG_ECORRUPT);
		assert_non_null(strstr(err.msg, table[i].reason));
		assert_non_null(strstr(err.msg, "./d/one"));
	}
}

static void records_that_lead_out_or_are_malformed_are_refused(void **state)
{
#define A_FILE(name, rest) "{\"type\":1,\"name\":\"" name "\"," rest "}\n"
	static const char *const lines[] = {
		A_FILE("../../etc/passwd", "\"size\":1,\"payload\":\"AAAAAAAAAAA=\""),
		A_FILE("f", "\"size\":1,\"payload\":\"AAA=\""),
		A_FILE("f", "\"size\":-1,\"payload\":null"),
		"{\"type\":1,\"size\":1,\"payload\":null}\n",
		"{\"type\":2,\"payload\":\"???\"}\n",
		"{\"type\":7,\"payload\":\"\"}\n",
		"{\"type\":2,\"payload\":\"\"}",
		"garbage\n",
	};
	struct tree tree __attribute__((cleanup(tree_done)));

	(void)state;
	tree_make(&tree);
	for (size_t i = 0; i < KEG_COUNT(lines); i++) {
		struct keg_err err = { 0 };
		auto(keg_buf) split = { 0 };
		auto(keg_buf) tar = { 0 };

		keg_buf_puts(&split, lines[i]);
		assert_int_equal(assemble(&split, &tree, &tar, &err), -KEG_ECORRUPT);
	}
}

static void a_path_that_comes_twice_is_refused(void **state)
{
	static const struct member twice[] = { M_FILE("a", "1"), M_FILE("./a", "2") };
	struct keg_err err = { 0 };
	struct tree tree __attribute__((cleanup(tree_done)));
	auto(keg_buf) tar = { 0 };
	auto(keg_buf) split = { 0 };

	(void)state;
	tree_make(&tree);
	make_tar(twice, 2, &tar);
	assert_int_equal(unpack(&tar, &tree, &split, &err), -KEG_ECORRUPT);
	assert_non_null(strstr(err.msg, "comes twice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tar_comes_back_bit_for_bit),
		cmocka_unit_test(archives_of_other_tools_come_back_bit_for_bit),
		cmocka_unit_test(the_record_is_what_containers_storage_writes),
		cmocka_unit_test(a_changed_tree_is_found_out),
		cmocka_unit_test(records_that_lead_out_or_are_malformed_are_refused),
		cmocka_unit_test(a_path_that_comes_twice_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
