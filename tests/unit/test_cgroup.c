/* SPDX-License-Identifier: Apache-2.0 */
/* Real groups, wherever this machine lets us make them; skipped (and counted) elsewhere. */
#include "os/cgroup.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

static char path[64];

static struct cgroup *make_or_skip(void)
{
	const struct cgroup_request want = { .path = path, .id = "x" };
	struct cgroup *group = NULL;
	struct keg_err err = { 0 };
	int r = cgroup_make(&want, &group, &err);

	if (r == -KEG_EDENIED || r == -KEG_EUNSUPPORTED)
		skip(); /* no right to make groups, or none mounted */
	if (r < 0)
		fail_msg("%s", err.msg);
	return group;
}

static void ok(int r, const struct keg_err *err)
{
	if (r < 0)
		fail_msg("%s", err->msg);
}

/* A child that is in the group, in each of its hierarchies, and waits to be killed. */
static pid_t start_child(const struct cgroup *group)
{
	int fd = cgroup_clone_fd(group);
	struct clone_args args = {
		.flags = fd >= 0 ? CLONE_INTO_CGROUP : 0,
		.exit_signal = SIGCHLD,
		.cgroup = fd >= 0 ? (uint64_t)fd : 0,
	};
	int entered[2];
	char byte;

	assert_int_equal(pipe(entered), 0);
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0) {
		struct keg_err err;

		if (cgroup_enter(group, fd >= 0, &err) < 0 || write(entered[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	close(entered[1]);
	assert_int_equal(read(entered[0], &byte, 1), 1);
	close(entered[0]);
	return pid;
}

static void expect_listing(const struct cgroup *group, pid_t pid)
{
	struct keg_err err = { 0 };
	autofree pid_t *pids = NULL;
	size_t n = 0;

	ok(cgroup_pids(group, &pids, &n, &err), &err);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
}

static void a_group_is_entered_listed_killed_and_deleted(void **state)
{
	struct keg_err err = { 0 };
	autoptr(cgroup) group = make_or_skip();
	int status;

	(void)state;
	pid_t pid = start_child(group);
	expect_listing(group, pid);
	assert_string_equal(cgroup_place(group), path);

	autoptr(cgroup) same = NULL;
	ok(cgroup_open(cgroup_place(group), &same, &err), &err);
	assert_true(cgroup_exists(same));
	ok(cgroup_freeze(same, &err), &err);
	assert_int_equal(cgroup_is_frozen(same, &err), 1);
	ok(cgroup_thaw(same, &err), &err);
	assert_int_equal(cgroup_is_frozen(same, &err), 0);
	assert_false(cgroup_delete_idle(same));
	ok(cgroup_freeze(same, &err), &err);
	ok(cgroup_signal(same, SIGKILL, &err), &err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ok(cgroup_delete(same, &err), &err);

	autoptr(cgroup) gone = NULL;
	ok(cgroup_open(path, &gone, &err), &err);
	assert_false(cgroup_exists(gone));
	assert_true(cgroup_delete_idle(gone));
	ok(cgroup_delete(group, &err), &err);
}

static void a_group_with_processes_is_busy_for_another_container(void **state)
{
	const struct cgroup_request want = { .path = path, .id = "x" };
	struct keg_err err = { 0 };
	autoptr(cgroup) group = make_or_skip();
	struct cgroup *other = NULL;

	(void)state;
	pid_t pid = start_child(group);
	expect_listing(group, pid);
	assert_int_equal(cgroup_make(&want, &other, &err), -KEG_EBUSY);
	assert_null(other);
	ok(cgroup_signal(group, SIGKILL, &err), &err);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	autoptr(cgroup) again = NULL;
	ok(cgroup_open(path, &again, &err), &err);
	ok(cgroup_delete(again, &err), &err);
}

static void limits_are_what_the_kernel_says_afterwards(void **state)
{
	static const int64_t limit = 64 << 20, pids = 33;
	static const uint64_t shares = 512;
	const struct cgroup_resources want = { .memory.limit = &limit,
					       .pids_limit = &pids,
					       .cpu.shares = &shares };
	struct keg_err err = { 0 };
	struct cgroup_stat stat;
	autoptr(cgroup) group = make_or_skip();

	(void)state;
	int r = cgroup_apply(group, &want, &err);
	if (r == -KEG_EUNSUPPORTED) {
		ok(cgroup_delete(group, &err), &err);
		skip(); /* this kernel lacks one of the controllers */
	}
	ok(r, &err);
	ok(cgroup_read_stat(group, &stat, &err), &err);
	assert_int_equal(stat.memory_limit, limit);
	assert_int_equal(stat.pids_limit, pids);
	ok(cgroup_delete(group, &err), &err);
}

static void a_value_the_kernel_refuses_is_named_with_its_file(void **state)
{
	const struct cgroup_resources want = { .cpu.cpus = "0-4000" };
	struct keg_err err = { 0 };
	autoptr(cgroup) group = make_or_skip();

	(void)state;
	int r = cgroup_apply(group, &want, &err);
	assert_true(r < 0);
	if (r != -KEG_EUNSUPPORTED) {
		assert_non_null(strstr(err.msg, "0-4000"));
		assert_non_null(strstr(err.msg, "cpuset.cpus"));
	}
	ok(cgroup_delete(group, &err), &err);
}

static void a_failed_making_leaves_nothing(void **state)
{
	/* The parents can be made, the group itself cannot: the kernel takes no newline. */
	autofree char *refused = keg_printf("%s/new\nline", path);
	const struct cgroup_request want = { .path = refused, .id = "x" };
	struct keg_err err = { 0 };
	struct cgroup *group = NULL;

	(void)state;
	assert_true(cgroup_make(&want, &group, &err) < 0);
	assert_null(group);

	autoptr(cgroup) left = NULL;
	ok(cgroup_open(path, &left, &err), &err);
	assert_false(cgroup_exists(left));
}

static void paths_of_the_systemd_form_and_the_root_are_refused(void **state)
{
	struct keg_err err = { 0 };
	struct cgroup *group = NULL;

	(void)state;
	assert_int_equal(cgroup_make(&(struct cgroup_request){ .path = "a.slice:b:c", .id = "x" },
				     &group, &err),
			 -KEG_EUNSUPPORTED);
	assert_int_equal(
		cgroup_make(&(struct cgroup_request){ .path = "/..", .id = "x" }, &group, &err),
		-KEG_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_is_entered_listed_killed_and_deleted),
		cmocka_unit_test(a_group_with_processes_is_busy_for_another_container),
		cmocka_unit_test(limits_are_what_the_kernel_says_afterwards),
		cmocka_unit_test(a_value_the_kernel_refuses_is_named_with_its_file),
		cmocka_unit_test(a_failed_making_leaves_nothing),
		cmocka_unit_test(paths_of_the_systemd_form_and_the_root_are_refused),
	};

	snprintf(path, sizeof path, "/keg-unit-%d/group", (int)getpid());
	int failed = cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);

	/* The parent is ours alone. */
	*strrchr(path, '/') = '\0';
	struct keg_err err;
	autoptr(cgroup) parent = NULL;
	if (cgroup_open(path, &parent, &err) < 0 || cgroup_delete(parent, &err) < 0) {
		keg_err_print(&err, stderr);
		return 1;
	}
	return failed;
}
