/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_opts.h"

#include <string.h>
#include <sys/mount.h>

#include "tests/unit/cmocka_keg.h"

static int parse(struct mount_opts *opts, struct keg_arena *arena, struct keg_err *err,
		 const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return mount_opts_parse(opts, words, n, arena, err);
}

static void the_later_of_two_words_wins(void **state)
{
	static const char *const words[] = { "ro", "noexec", "rw", "exec", "noexec", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts;
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(parse(&opts, &arena, &err, words), 0);
	assert_int_equal(opts.attr_set, MOUNT_ATTR_NOEXEC);
	assert_true(opts.attr_clr & MOUNT_ATTR_RDONLY);
}

static void recursive_words_concern_the_whole_tree_only(void **state)
{
	static const char *const words[] = { "rbind", "rro", "nosuid", "rslave", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts;
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(parse(&opts, &arena, &err, words), 0);
	assert_true(opts.bind && opts.recursive);
	assert_int_equal(opts.attr_set, MOUNT_ATTR_NOSUID);
	assert_int_equal(opts.deep_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(opts.propagation, MS_SLAVE | MS_REC);
}

static void an_access_time_word_replaces_the_whole_field(void **state)
{
	static const char *const words[] = { "noatime", "strictatime", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts;
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(parse(&opts, &arena, &err, words), 0);
	assert_int_equal(opts.attr_set, MOUNT_ATTR_STRICTATIME);
	assert_true((opts.attr_clr & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME);
}

static void unknown_words_are_for_the_file_system(void **state)
{
	static const char *const words[] = { "size=64k", "nosuid", "sync", "tmpcopyup", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts;
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(parse(&opts, &arena, &err, words), 0);
	assert_int_equal(opts.n_data, 2);
	assert_string_equal(opts.data[0], "size=64k");
	assert_string_equal(opts.data[1], "sync");
	assert_string_equal(mount_opts_data(&opts, "size"), "64k");
	assert_null(mount_opts_data(&opts, "siz"));
	assert_true(opts.copy_up);
}

static void remount_is_refused_by_name(void **state)
{
	static const char *const words[] = { "remount", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts;
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(parse(&opts, &arena, &err, words), -KEG_EUNSUPPORTED);
	assert_non_null(strstr(err.msg, "remount"));
}

static void the_known_words_are_in_order(void **state)
{
	const char *before = "", *word;

	(void)state;
	for (size_t i = 0; (word = mount_opts_word(i)); i++) {
		assert_true(strcmp(before, word) < 0);
		before = word;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_of_two_words_wins),
		cmocka_unit_test(recursive_words_concern_the_whole_tree_only),
		cmocka_unit_test(an_access_time_word_replaces_the_whole_field),
		cmocka_unit_test(unknown_words_are_for_the_file_system),
		cmocka_unit_test(remount_is_refused_by_name),
		cmocka_unit_test(the_known_words_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
