/* SPDX-License-Identifier: Apache-2.0 */
/* Over a plain folder: the files that the kernel puts into a new group are put there by the tests.
 */
#include "os/resctrl.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/cmocka_keg.h"

struct fixture {
	char dir[32];
	int root;
};

static void put(int root, const char *path, const char *text)
{
	autofd int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void holds(int root, const char *folder, const char *file, const char *text)
{
	auto(keg_buf) got = { 0 };

	assert_string_equal(resctrl_read(root, folder, file, &got), text);
}

static int set_up(void **state)
{
	static struct fixture f;
	struct keg_err err;

	strcpy(f.dir, "/tmp/keg-resctrl-XXXXXX");
	if (!mkdtemp(f.dir))
		return -1;
	f.root = keg_open_at(AT_FDCWD, f.dir, O_RDONLY | O_DIRECTORY, 0, &err);
	if (f.root < 0 || mkdirat(f.root, "info", 0755) < 0 ||
	    mkdirat(f.root, "mon_groups", 0755) < 0)
		return -1;
	put(f.root, "tasks", "");
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;

	close(f->root);
	return keg_remove_tree(AT_FDCWD, f->dir, &err) < 0 ? -1 : 0;
}

static void a_group_is_made_once_and_divided(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;
	bool made = false;

	assert_false(resctrl_exists(f->root, "a"));
	assert_int_equal(resctrl_make(f->root, "a", &made, &err), 0);
	assert_true(made && resctrl_exists(f->root, "a"));
	assert_int_equal(resctrl_make(f->root, "a", &made, &err), 0);
	assert_false(made);
	put(f->root, "a/schemata", "");
	assert_int_equal(resctrl_divide(f->root, "a", "L3:0=f\nMB:0=50\n", &err), 0);
	holds(f->root, "a", "schemata", "L3:0=f\nMB:0=50");
}

static void a_process_is_put_into_the_group_and_into_the_one_that_counts(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;
	bool made;

	assert_int_equal(resctrl_make(f->root, "a", &made, &err), 0);
	assert_int_equal(mkdirat(f->root, "a/mon_groups", 0755), 0);
	assert_int_equal(resctrl_make_monitor(f->root, "a", "c", &err), 0);
	put(f->root, "a/tasks", "");
	put(f->root, "a/mon_groups/c/tasks", "");
	assert_int_equal(resctrl_add(f->root, "a", "c", 17, &err), 0);
	holds(f->root, "a", "tasks", "17");
	holds(f->root, "a/mon_groups/c", "tasks", "17");
}

static void the_root_is_a_group_that_is_there(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;
	bool made = true;

	assert_int_equal(resctrl_make(f->root, "/", &made, &err), 0);
	assert_false(made);
	assert_true(resctrl_exists(f->root, "/"));
	assert_int_equal(resctrl_make_monitor(f->root, "/", "c", &err), 0);
	assert_int_equal(resctrl_add(f->root, "/", NULL, 18, &err), 0);
	holds(f->root, ".", "tasks", "18");
	assert_int_equal(resctrl_remove(f->root, "/", "c", &err), 0);
	assert_false(keg_exists(f->root, "mon_groups/c"));
}

static void removing_what_is_gone_is_fine(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;
	bool made;

	assert_int_equal(resctrl_make(f->root, "a", &made, &err), 0);
	assert_int_equal(resctrl_remove(f->root, "a", NULL, &err), 0);
	assert_int_equal(resctrl_remove(f->root, "a", NULL, &err), 0);
}

static void the_kernels_own_reason_is_in_the_message(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;

	put(f->root, "info/last_cmd_status", "ok\n");
	assert_true(resctrl_divide(f->root, "gone", "L3:0=f\n", &err) < 0);
	assert_null(strstr(err.msg, "ok"));
	put(f->root, "info/last_cmd_status", "Mask out of range\n");
	assert_true(resctrl_divide(f->root, "gone", "L3:0=f\nMB:0=5\n", &err) < 0);
	assert_non_null(strstr(err.msg, "write L3:0=f to gone/schemata: Mask out of range"));
}

static void what_can_be_divided_is_looked_up(void **state)
{
	struct fixture *f = *state;

	assert_false(resctrl_has(f->root, "L3"));
	assert_int_equal(mkdirat(f->root, "info/L3", 0755), 0);
	assert_true(resctrl_has(f->root, "L3"));
}

static void some_names_are_no_groups(void **state)
{
	(void)state;
	assert_true(resctrl_is_group("/") && resctrl_is_group("a.b"));
	assert_false(resctrl_is_group("") || resctrl_is_group(".") || resctrl_is_group("..") ||
		     resctrl_is_group("a/b") || resctrl_is_group("info") ||
		     resctrl_is_group("mon_groups") || resctrl_is_group("mon_data"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_group_is_made_once_and_divided, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_process_is_put_into_the_group_and_into_the_one_that_counts, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(the_root_is_a_group_that_is_there, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(removing_what_is_gone_is_fine, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_kernels_own_reason_is_in_the_message, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_can_be_divided_is_looked_up, set_up,
						tear_down),
		cmocka_unit_test(some_names_are_no_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
