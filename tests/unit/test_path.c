/* SPDX-License-Identifier: Apache-2.0 */
#include "os/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/cmocka_keg.h"

struct fixture {
	char dir[32];
	int root; /* dir/root, beside dir/outside */
};

static int set_up(void **state)
{
	static struct fixture f;
	struct keg_err err;

	strcpy(f.dir, "/tmp/keg-path-XXXXXX");
	if (!mkdtemp(f.dir))
		return -1;
	autofd int dir = open(f.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, "root", 0755) < 0 || mkdirat(dir, "outside", 0755) < 0)
		return -1;
	f.root = keg_open_at(dir, "root", O_RDONLY | O_DIRECTORY, 0, &err);
	*state = &f;
	return f.root < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;

	close(f->root);
	return keg_remove_tree(AT_FDCWD, f->dir, &err) < 0 ? -1 : 0;
}

static void folders_are_made_where_links_lead_inside_the_root(void **state)
{
	struct fixture *f = *state;
	struct keg_err err = { 0 };

	assert_int_equal(mkdirat(f->root, "real", 0755), 0);
	assert_int_equal(symlinkat("/real", f->root, "link"), 0);
	autofd int fd = path_make_folder(f->root, "/link/a/b", 0755, &err);
	assert_true(fd >= 0);
	assert_true(keg_exists(f->root, "real/a/b"));
}

static void what_a_dangling_link_names_is_made_in_the_root(void **state)
{
	struct fixture *f = *state;
	struct keg_err err = { 0 };

	assert_int_equal(symlinkat("/there/deep", f->root, "jump"), 0);
	assert_int_equal(symlinkat("../jump/../deep/file", f->root, "dangling"), 0);
	autofd int folder = path_make_folder(f->root, "/jump/er", 0755, &err);
	assert_true(folder >= 0 && keg_exists(f->root, "there/deep/er"));
	autofd int file = path_make_file(f->root, "/dangling", &err);
	assert_true(file >= 0 && keg_exists(f->root, "there/deep/file"));
	assert_int_equal(symlinkat("loop", f->root, "loop"), 0);
	assert_int_equal(symlinkat("/../../../outside/file", f->root, "away"), 0);
	assert_true(path_make_file(f->root, "loop", &err) < 0);
	autofd int away = path_make_file(f->root, "away", &err);
	assert_true(away >= 0 && keg_exists(f->root, "outside/file"));
	assert_false(keg_exists(f->root, "../outside/file"));
}

static void nothing_is_made_outside_the_root(void **state)
{
	struct fixture *f = *state;
	struct keg_err err = { 0 };

	assert_int_equal(symlinkat("../../outside", f->root, "out"), 0);
	autofd int fd = path_make_folder(f->root, "out/made", 0755, &err);
	assert_true(fd >= 0 && keg_exists(f->root, "outside/made"));
	autofree char *outside = keg_path_join(f->dir, "outside/made");
	assert_false(keg_exists(AT_FDCWD, outside));
}

static void a_file_is_made_empty_with_its_folders(void **state)
{
	struct fixture *f = *state;
	struct keg_err err = { 0 };
	struct stat st;
	autofd int fd = path_make_file(f->root, "/x/y/z", &err);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 0);
}

static void the_parent_comes_with_the_last_component(void **state)
{
	struct fixture *f = *state;
	struct keg_err err = { 0 };
	const char *last;
	autofd int fd = path_make_parent(f->root, "/dev/deep/null", &last, &err);

	assert_true(fd >= 0);
	assert_string_equal(last, "null");
	assert_true(keg_exists(f->root, "dev/deep"));
	assert_int_equal(path_make_parent(f->root, "/dev/..", &last, &err), -KEG_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_dangling_link_names_is_made_in_the_root,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(folders_are_made_where_links_lead_inside_the_root,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_made_outside_the_root, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_is_made_empty_with_its_folders, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_parent_comes_with_the_last_component, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
