/* SPDX-License-Identifier: Apache-2.0 */
#include "os/seccomp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

static const char *refused_names[] = { "getpriority", "no_such_call" };
static const char *dup_names[] = { "kill" };
static const uint32_t strange = 77;
static struct seccomp_arg signals[] = { { 1, 50, 0, "SCMP_CMP_EQ" }, { 1, 51, 0, "SCMP_CMP_EQ" } };
static struct seccomp_rule rules[] = {
	{ refused_names, 2, "SCMP_ACT_ERRNO", &strange, NULL, 0 },
	{ dup_names, 1, "SCMP_ACT_ERRNO", NULL, signals, 2 },
};
static const struct seccomp_profile profile = { .default_action = "SCMP_ACT_ALLOW",
						.rules = rules,
						.n_rules = 2 };

static void ok(int r, const struct keg_err *err)
{
	if (r < 0)
		fail_msg("%s", err->msg);
}

static void make_dir(char *path)
{
	assert_non_null(mkdtemp(path));
}

/* In a child with the filter: 0 when every call answers as the profile says. */
static int try_filter(const struct seccomp_filter *filter)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct keg_err err;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    seccomp_filter_load(filter, &err) < 0)
			_exit(1);
		if (syscall(SYS_getpriority, 0, 0) != -1 || errno != (int)strange)
			_exit(2);
		if (syscall(SYS_kill, getpid(), 51) != -1 || errno != EPERM)
			_exit(3);
		if (syscall(SYS_kill, getpid(), 50) != -1 || errno != EPERM)
			_exit(4);
		_exit(syscall(SYS_kill, getpid(), 0) == 0 ? 0 : 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_filter_answers_as_its_profile_says(void **state)
{
	struct keg_err err = { 0 };
	auto(seccomp_filter) filter = { 0 };

	(void)state;
	ok(seccomp_filter_compile(&profile, &filter, &err), &err);
	assert_int_equal(try_filter(&filter), 0);
}

static size_t count_files(const char *dir, char *last, size_t room)
{
	autodir list = opendir(dir);
	size_t n = 0;

	for (struct dirent *entry; list && (entry = readdir(list));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(last, room, "%s/%s", dir, entry->d_name);
		n++;
	}
	return n;
}

static void the_second_request_is_answered_from_the_cache(void **state)
{
	char dir[] = "/tmp/keg-test-XXXXXX", file[PATH_MAX];
	struct keg_err err = { 0 };
	auto(seccomp_filter) first = { 0 };
	auto(seccomp_filter) second = { 0 };

	(void)state;
	make_dir(dir);
	ok(seccomp_filter_get(&profile, dir, &first, &err), &err);
	assert_int_equal(count_files(dir, file, sizeof file), 1);

	/* Seen by a mark that only the file can have brought. */
	auto(keg_buf) bytes = { 0 };
	ok(keg_file_read(AT_FDCWD, file, 1 << 20, &bytes, &err), &err);
	bytes.data[16] = 2; /* the flags */
	ok(keg_file_write(AT_FDCWD, file, bytes.data, bytes.len, 0600, 0, &err), &err);
	ok(seccomp_filter_get(&profile, dir, &second, &err), &err);
	assert_int_equal(second.flags, 2);
	assert_int_equal(second.n_insns, first.n_insns);
	second.flags = 0;
	assert_int_equal(try_filter(&second), 0);
	ok(keg_remove_tree(AT_FDCWD, dir, &err), &err);
}

static void a_cache_that_others_can_write_is_not_believed(void **state)
{
	char dir[] = "/tmp/keg-test-XXXXXX", file[PATH_MAX];
	struct keg_err err = { 0 };
	auto(seccomp_filter) filter = { 0 };

	(void)state;
	make_dir(dir);
	assert_int_equal(seccomp_filter_find(dir, "key", 3, &filter), 0);
	auto(seccomp_filter) made = { 0 };
	ok(seccomp_filter_compile(&profile, &made, &err), &err);
	seccomp_filter_keep(dir, "key", 3, &made);
	assert_int_equal(count_files(dir, file, sizeof file), 1);
	assert_int_equal(seccomp_filter_find(dir, "key", 3, &filter), 1);
	seccomp_filter_done(&filter);

	assert_int_equal(chmod(file, 0666), 0);
	assert_int_equal(seccomp_filter_find(dir, "key", 3, &filter), 0);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_int_equal(seccomp_filter_read(fd, &filter, &err), -KEG_EDENIED);
	close(fd);
	assert_int_equal(chmod(file, 0600), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(seccomp_filter_find(dir, "key", 3, &filter), 0);
	ok(keg_remove_tree(AT_FDCWD, dir, &err), &err);
}

static void a_file_of_another_key_or_cut_short_is_not_believed(void **state)
{
	char dir[] = "/tmp/keg-test-XXXXXX", file[PATH_MAX];
	struct keg_err err = { 0 };
	auto(seccomp_filter) filter = { 0 };
	auto(seccomp_filter) made = { 0 };
	auto(keg_buf) bytes = { 0 };

	(void)state;
	make_dir(dir);
	ok(seccomp_filter_compile(&profile, &made, &err), &err);
	seccomp_filter_keep(dir, "key", 3, &made);
	assert_int_equal(count_files(dir, file, sizeof file), 1);

	seccomp_filter_format(&made, "KEY", 3, &bytes);
	ok(keg_file_write(AT_FDCWD, file, bytes.data, bytes.len, 0600, 0, &err), &err);
	assert_int_equal(seccomp_filter_find(dir, "key", 3, &filter), 0);
	keg_buf_cut(&bytes, 0);
	seccomp_filter_format(&made, "key", 3, &bytes);
	ok(keg_file_write(AT_FDCWD, file, bytes.data, bytes.len - 1, 0600, 0, &err), &err);
	assert_int_equal(seccomp_filter_find(dir, "key", 3, &filter), 0);
	ok(keg_file_write(AT_FDCWD, file, bytes.data, bytes.len, 0600, 0, &err), &err);
	assert_int_equal(seccomp_filter_find(dir, "key", 3, &filter), 1);
	ok(keg_remove_tree(AT_FDCWD, dir, &err), &err);
}

static void words_nobody_knows_are_named(void **state)
{
	static const char *flag[] = { "SECCOMP_FILTER_FLAG_MAGIC" };
	static const char *arch[] = { "SCMP_ARCH_PDP11" };
	static struct seccomp_arg bad_op[] = { { 0, 0, 0, "SCMP_CMP_ODD" } };
	static struct seccomp_rule bad_rule = { dup_names, 1, "SCMP_ACT_ERRNO", NULL, bad_op, 1 };
	const struct {
		struct seccomp_profile profile;
		const char *word;
	} table[] = {
		{ { .default_action = "SCMP_ACT_SING" }, "SCMP_ACT_SING" },
		{ { .default_action = "SCMP_ACT_ALLOW", .flags = flag, .n_flags = 1 }, flag[0] },
		{ { .default_action = "SCMP_ACT_ALLOW",
		    .architectures = arch,
		    .n_architectures = 1 },
		  arch[0] },
		{ { .default_action = "SCMP_ACT_ALLOW", .rules = &bad_rule, .n_rules = 1 },
		  "SCMP_CMP_ODD" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct seccomp_filter filter = { 0 };

		assert_int_equal(seccomp_filter_compile(&table[i].profile, &filter, &err),
				 -KEG_EUSAGE);
		assert_non_null(strstr(err.msg, table[i].word));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_answers_as_its_profile_says),
		cmocka_unit_test(the_second_request_is_answered_from_the_cache),
		cmocka_unit_test(a_cache_that_others_can_write_is_not_believed),
		cmocka_unit_test(a_file_of_another_key_or_cut_short_is_not_believed),
		cmocka_unit_test(words_nobody_knows_are_named),
	};

	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
