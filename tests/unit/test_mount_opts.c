/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_opts.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "runtime/mount_attrs.h"
#include "runtime/mount_ids.h"
#include "tests/unit/cmocka_keg.h"

static struct mount_opts parse(struct keg_arena *arena, const char *const *words)
{
	struct mount_opts opts;
	size_t n = 0;

	while (words[n])
		n++;
	mount_opts_parse(&opts, words, n, arena);
	return opts;
}

static void the_later_of_two_words_wins(void **state)
{
	static const char *const words[] = { "ro", "noexec", "rw", "exec", "noexec", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = parse(&arena, words);

	(void)state;
	assert_int_equal(opts.flags, MS_NOEXEC);
	assert_int_equal(opts.cleared, MS_RDONLY);
}

static void recursive_words_concern_the_whole_tree_only(void **state)
{
	static const char *const words[] = { "rbind", "rro", "nosuid", "rslave", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = parse(&arena, words);

	(void)state;
	assert_true(opts.bind && opts.recursive);
	assert_int_equal(opts.flags, MS_NOSUID);
	assert_int_equal(opts.deep_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(opts.deep_clr, 0);
	assert_int_equal(opts.propagation, MS_SLAVE | MS_REC);
}

static void a_recursive_access_time_word_replaces_the_whole_field(void **state)
{
	static const char *const words[] = { "rnoatime", "rstrictatime", "rro", "rrw", NULL };
	static const char *const none[] = { "rstrictatime", "rnorelatime", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = parse(&arena, words);

	(void)state;
	assert_int_equal(opts.deep_set, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(opts.deep_clr, MOUNT_ATTR__ATIME | MOUNT_ATTR_RDONLY);
	opts = parse(&arena, none);
	assert_int_equal(opts.deep_set, MOUNT_ATTR_RELATIME);
	assert_int_equal(opts.deep_clr, MOUNT_ATTR__ATIME);
}

static void unknown_words_are_for_the_file_system(void **state)
{
	static const char *const words[] = { "sync", "nosuid", "size=64k", "tmpcopyup", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = parse(&arena, words);

	(void)state;
	assert_int_equal(opts.n_data, 2);
	assert_string_equal(opts.data[0], "sync");
	assert_string_equal(opts.data[1], "size=64k");
	assert_string_equal(opts.foreign, "size=64k");
	assert_string_equal(mount_opts_data(&opts, "size"), "64k");
	assert_null(mount_opts_data(&opts, "siz"));
	mount_opts_add_data(&opts, "mode=700", &arena);
	assert_string_equal(mount_opts_data(&opts, "mode"), "700");
	assert_true(opts.copy_up);
}

static void words_of_crun_are_known(void **state)
{
	static const char *const words[] = { "idmap=uids=0-1-2;gids=0-3-4",
					     "copy-symlink",
					     "src-nofollow",
					     "dest-nofollow",
					     "remount",
					     NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = parse(&arena, words);

	(void)state;
	assert_true(opts.idmap && !opts.deep_idmap && opts.copy_symlink && opts.src_nofollow &&
		    opts.dest_nofollow && opts.remount);
	assert_string_equal(opts.ids, "uids=0-1-2;gids=0-3-4");
	assert_int_equal(opts.n_data, 0);
}

static void a_bind_of_which_nothing_is_asked_stays_as_it_is(void **state)
{
	static const char *const words[] = { "rbind", "rprivate", NULL };
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = parse(&arena, words);
	struct mount_change change = mount_attrs_bind(&opts);

	(void)state;
	assert_int_equal(change.clr | change.set, 0);
}

static void a_bind_has_all_as_asked_but_the_access_times(void **state)
{
	static const char *const words[] = { "bind", "nosuid", "atime", NULL };
	static const char *const times[] = { "bind", "nodiratime", NULL };
	const uint64_t plain = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts = parse(&arena, words);
	struct mount_change change = mount_attrs_bind(&opts);

	(void)state;
	assert_int_equal(change.clr, plain);
	assert_int_equal(change.set, MOUNT_ATTR_NOSUID);
	opts = parse(&arena, times);
	change = mount_attrs_bind(&opts);
	assert_int_equal(change.clr, plain | MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME);
	assert_int_equal(change.set, MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_RELATIME);
}

static void what_is_locked_stays_unless_it_was_asked_away(void **state)
{
	static const struct {
		const char *const words[4];
		uint64_t now, clr, set;
		bool refused;
	} cases[] = {
		{ { "ro" }, ST_NOSUID | ST_RELATIME, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY, false },
		{ { "rw" }, ST_RDONLY | ST_RELATIME, 0, 0, true },
		{ { "nosuid" },
		  ST_RDONLY | ST_RELATIME,
		  MOUNT_ATTR_RDONLY,
		  MOUNT_ATTR_NOSUID,
		  false },
		{ { "noatime" }, ST_RELATIME, 0, 0, true },
		{ { "strictatime" }, ST_RELATIME, 0, 0, true },
		{ { "strictatime" }, 0, 0, MOUNT_ATTR_STRICTATIME, false },
		{ { "atime" }, ST_NOATIME, 0, 0, false },
		/* Not one of those that the kernel locks. */
		{ { "symfollow" }, 0x2000 | ST_RELATIME, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(cases); i++) {
		auto(keg_arena) arena = { 0 };
		struct mount_opts opts = parse(&arena, cases[i].words);
		struct mount_change change = { 0 };
		struct keg_err err = { 0 };
		int r = mount_attrs_locked(&opts, cases[i].now, &change, &err);

		assert_int_equal(r, cases[i].refused ? -KEG_EDENIED : 0);
		if (cases[i].refused)
			continue;
		/* `clr` of a case names what must not be taken away. */
		assert_int_equal(change.clr & cases[i].clr, 0);
		assert_int_equal(change.set, cases[i].set);
	}
}

static void id_maps_of_a_mount_are_read(void **state)
{
	struct oci_id_map own[] = { { 0, 1000, 1 }, { 1, 5000, 100 } };
	const struct oci_linux os = { .uid_mappings = own, .n_uid_mappings = KEG_COUNT(own) };
	auto(keg_arena) arena = { 0 };
	struct keg_err err = { 0 };
	struct idmap map;

	(void)state;
	assert_int_equal(
		mount_ids_parse("uids=0-1-10#@10-11-5;gids=#7-8-9", &os, &map, &arena, &err), 0);
	assert_int_equal(map.n_uids, 2);
	assert_int_equal(map.n_gids, 1);
	assert_int_equal(map.uids[0].outside, 1);
	assert_int_equal(map.uids[1].inside, 10);
	assert_int_equal(map.uids[1].outside, 5010);
	assert_int_equal(map.gids[0].count, 9);
}

static void wrong_id_maps_are_refused(void **state)
{
	static const char *const wrong[] = {
		"uids=0-1",    "uids=0-1-x",  "0-1-10",	   "uids=0-1-2-3",   "uids=0-4294967296-1",
		"gids=@0-0-1", "uids=-1-0-1", "uid=0-0-1", "uids=@200-200-1"
	};
	const struct oci_linux os = { 0 };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(wrong); i++) {
		auto(keg_arena) arena = { 0 };
		struct keg_err err = { 0 };
		struct idmap map;

		assert_int_equal(mount_ids_parse(wrong[i], &os, &map, &arena, &err), -KEG_EUSAGE);
	}
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
		cmocka_unit_test(a_recursive_access_time_word_replaces_the_whole_field),
		cmocka_unit_test(unknown_words_are_for_the_file_system),
		cmocka_unit_test(words_of_crun_are_known),
		cmocka_unit_test(a_bind_of_which_nothing_is_asked_stays_as_it_is),
		cmocka_unit_test(a_bind_has_all_as_asked_but_the_access_times),
		cmocka_unit_test(what_is_locked_stays_unless_it_was_asked_away),
		cmocka_unit_test(id_maps_of_a_mount_are_read),
		cmocka_unit_test(wrong_id_maps_are_refused),
		cmocka_unit_test(the_known_words_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
