/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_user.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/cmocka_keg.h"

static const char passwd[] =
	"root:x:0:0:root:/root:/bin/sh\nbroken line\njoe:x:1000:100::/home/joe:/bin/sh\n"
	"odd:x:99999999999:1::/:\nnum:x:12:12:::\n";
static const char group[] = "root:x:0:\nusers:x:100:\nextra:x:7:ann,joe\nnone:x:8:joey\n";

/* A root file system of two files; removed by the caller. */
static int make_root(char *path)
{
	struct keg_err err;

	assert_non_null(mkdtemp(path));
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	assert_int_equal(keg_file_write(root, "etc/passwd", passwd, strlen(passwd), 0644, 0, &err),
			 0);
	assert_int_equal(keg_file_write(root, "etc/group", group, strlen(group), 0644, 0, &err), 0);
	return root;
}

static void users_are_found_by_name_and_number(void **state)
{
	static const struct {
		const char *spec;
		unsigned uid, gid, n_groups;
		const char *home;
	} good[] = {
		{ "", 0, 0, 0, "/root" },
		{ "root", 0, 0, 0, "/root" },
		{ "joe", 1000, 100, 2, "/home/joe" },
		{ "1000", 1000, 100, 2, "/home/joe" },
		{ "joe:extra", 1000, 7, 0, "/home/joe" },
		{ "5:6", 5, 6, 0, "/" },
		{ "5", 5, 0, 0, "/" },
		{ "num", 12, 12, 1, "/" },
	};
	char path[] = "/tmp/keg-user-XXXXXX";
	autofd int root = make_root(path);
	struct keg_err err;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(good); i++) {
		auto(keg_arena) arena = { 0 };
		struct image_user user;

		assert_int_equal(image_user_find(root, good[i].spec, &user, &arena, &err), 0);
		assert_int_equal(user.uid, good[i].uid);
		assert_int_equal(user.gid, good[i].gid);
		assert_int_equal(user.n_groups, good[i].n_groups);
		assert_string_equal(user.home, good[i].home);
	}
	assert_int_equal(keg_remove_tree(AT_FDCWD, path, &err), 0);
}

static void unknown_and_hostile_ones_are_refused(void **state)
{
	static const char *const bad[] = { "nobody",	  "joe:nogroup", "odd",
					   "broken line", "4294967296",	 "-1" };
	char path[] = "/tmp/keg-user-XXXXXX";
	autofd int root = make_root(path);
	struct keg_err err;

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(bad); i++) {
		auto(keg_arena) arena = { 0 };
		struct image_user user;

		assert_true(image_user_find(root, bad[i], &user, &arena, &err) < 0);
	}
	assert_int_equal(keg_remove_tree(AT_FDCWD, path, &err), 0);
}

static void a_link_does_not_lead_out_of_the_root(void **state)
{
	char path[] = "/tmp/keg-user-XXXXXX";
	autofd int root = make_root(path);
	auto(keg_arena) arena = { 0 };
	struct image_user user;
	struct keg_err err;

	(void)state;
	assert_int_equal(unlinkat(root, "etc/passwd", 0), 0);
	assert_int_equal(symlinkat("../../../../../../../../etc/passwd", root, "etc/passwd"), 0);
	assert_true(image_user_find(root, "root", &user, &arena, &err) < 0);
	assert_int_equal(keg_remove_tree(AT_FDCWD, path, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_found_by_name_and_number),
		cmocka_unit_test(unknown_and_hostile_ones_are_refused),
		cmocka_unit_test(a_link_does_not_lead_out_of_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
