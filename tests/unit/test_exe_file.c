/* SPDX-License-Identifier: Apache-2.0 */
/* exe_file: another way to the program's file takes its place while it runs. */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/exe_file.h"
#include "os/mount.h"
#include "tests/unit/cmocka_keg.h"

enum { FINE, MAY_NOT_MOUNT, NOT_READ_ONLY, LOST_VARIABLE, LOST_CONSTANT };

static volatile int variable = 1;
static const char *const constant[] = { "a constant that the loader wrote" };

static bool is_read_only(void)
{
	struct statvfs fs;

	return statvfs("/proc/self/exe", &fs) == 0 && fs.f_flag & ST_RDONLY;
}

/* The file on a read-only mount of a namespace of our own, or -1. */
static int open_read_only(void)
{
	const struct mount_change change = { 0, MOUNT_ATTR_RDONLY };
	struct keg_err err;
	char *path = realpath("/proc/self/exe", NULL);
	const struct mount_place from = { AT_FDCWD, path, false };
	int tree = unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? -1 : mount_clone(&from, false, &err);

	free(path);
	return tree < 0 || mount_set(tree, &change, false, &err) < 0 ? -1 : tree;
}

static int replace(void)
{
	struct keg_err err;
	int file = open_read_only();

	if (file < 0)
		return MAY_NOT_MOUNT;
	variable = 2;
	if (exe_file_replace(file, &err) < 0 || !is_read_only())
		return NOT_READ_ONLY;
	if (variable != 2)
		return LOST_VARIABLE;
	variable = 3;
	if (variable != 3)
		return LOST_VARIABLE;
	return strcmp(constant[0], "a constant that the loader wrote") == 0 ? FINE : LOST_CONSTANT;
}

static void the_program_goes_on_from_the_other_mount(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(replace());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == MAY_NOT_MOUNT)
		skip();
	assert_int_equal(WEXITSTATUS(status), FINE);
	assert_int_equal(variable, 1);
}

static void the_same_way_to_the_file_is_none_that_could_replace_it(void **state)
{
	struct keg_err err;
	int file = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	(void)state;
	assert_true(exe_file_replace(file, &err) < 0);
	assert_int_equal(variable, 1);
	close(file);
}

static void another_programs_file_is_refused(void **state)
{
	struct keg_err err;
	int file = open("/bin/true", O_PATH | O_CLOEXEC);

	(void)state;
	assert_int_equal(exe_file_replace(file, &err), -KEG_EUSAGE);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_goes_on_from_the_other_mount),
		cmocka_unit_test(the_same_way_to_the_file_is_none_that_could_replace_it),
		cmocka_unit_test(another_programs_file_is_refused),
	};

	return cmocka_run_group_tests_name("exe_file", tests, NULL, NULL);
}
