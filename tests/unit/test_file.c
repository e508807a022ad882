/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

static void paths_are_cleaned_as_go_does(void **state)
{
	static const char *const table[][2] = {
		{ "", "." },
		{ "/", "/" },
		{ "a//b/./c", "a/b/c" },
		{ "/../a", "/a" },
		{ "a/../../b", "../b" },
		{ "/a/b/..", "/a" },
		{ "./", "." },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		autofree char *clean = keg_path_clean(table[i][0]);

		assert_string_equal(clean, table[i][1]);
	}
}

static void a_write_replaces_the_whole_file_and_leaves_nothing_beside_it(void **state)
{
	char dir[] = "/tmp/keg-test-XXXXXX";
	struct keg_err err = { 0 };
	auto(keg_buf) text = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	autofd int fd = keg_open_at(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0, &err);
	assert_true(fd >= 0);
	assert_int_equal(keg_file_write(fd, "f", "one", 3, 0600, KEG_FILE_DURABLE, &err), 0);
	assert_int_equal(keg_file_write(fd, "f", "two", 3, 0600, 0, &err), 0);
	assert_int_equal(keg_file_write(fd, "f", "no", 2, 0600, KEG_FILE_EXCLUSIVE, &err),
			 -KEG_EEXISTS);
	assert_int_equal(keg_file_read(fd, "f", 10, &text, &err), 0);
	assert_string_equal(keg_buf_text(&text), "two");
	assert_int_equal(unlinkat(fd, "f", 0), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void a_file_longer_than_allowed_is_refused(void **state)
{
	struct keg_err err = { 0 };
	auto(keg_buf) text = { 0 };

	(void)state;
	assert_int_equal(keg_file_read(AT_FDCWD, "/dev/zero", 1000, &text, &err), -KEG_ECORRUPT);
}

static void the_first_line_of_a_file_has_no_end(void **state)
{
	static const struct {
		const char *text, *line;
	} table[] = { { "one\ntwo\n", "one" }, { "one", "one" }, { "\ntwo", "" }, { "", "" } };
	char path[] = "/tmp/keg-test-XXXXXX";
	struct keg_err err = { 0 };
	autofd int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		autofree char *line = NULL;

		assert_int_equal(keg_file_write(AT_FDCWD, path, table[i].text,
						strlen(table[i].text), 0600, 0, &err),
				 0);
		assert_int_equal(keg_file_read_line(AT_FDCWD, path, 10, &line, &err), 0);
		assert_string_equal(line, table[i].line);
	}
	assert_int_equal(unlink(path), 0);
}

static void a_tree_deeper_than_any_path_is_removed(void **state)
{
	char dir[] = "/tmp/keg-test-XXXXXX";
	struct keg_err err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(mkdirat(fd, "sub", 0700), 0);
		close(openat(fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
		int next = openat(fd, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(keg_remove_tree(AT_FDCWD, dir, &err), 0);
	assert_false(keg_exists(AT_FDCWD, dir));
	assert_int_equal(keg_remove_tree(AT_FDCWD, dir, &err), 0);
}

static void removal_does_not_follow_links(void **state)
{
	char dir[] = "/tmp/keg-test-XXXXXX", kept[] = "/tmp/keg-test-XXXXXX";
	struct keg_err err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_non_null(mkdtemp(kept));
	autofree char *link = keg_path_join(dir, "link");
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(keg_remove_tree(AT_FDCWD, dir, &err), 0);
	assert_true(keg_exists(AT_FDCWD, kept));
	assert_int_equal(rmdir(kept), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_cleaned_as_go_does),
		cmocka_unit_test(a_write_replaces_the_whole_file_and_leaves_nothing_beside_it),
		cmocka_unit_test(a_file_longer_than_allowed_is_refused),
		cmocka_unit_test(the_first_line_of_a_file_has_no_end),
		cmocka_unit_test(a_tree_deeper_than_any_path_is_removed),
		cmocka_unit_test(removal_does_not_follow_links),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
