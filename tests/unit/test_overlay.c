/* SPDX-License-Identifier: Apache-2.0 */
/* In a user and mount namespace of its own, so that anybody may mount. */
#include "os/overlay.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "tests/unit/cmocka_keg.h"

typedef int mount_overlay(const struct overlay_request *req, struct keg_err *err);

struct place {
	char dir[32];
	int base, upper, work;
	struct keg_strv lower;
	bool may_mount;
	struct keg_err err;
};

static struct place place = { .dir = "/tmp/keg-overlay-XXXXXX" };

static void write_self(const char *file, const char *text)
{
	autofree char *path = keg_printf("/proc/self/%s", file);
	autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	place.may_mount &= fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Layers 0 to n-1, the topmost first, each with a file of its number and one that all have. */
static int make_layers(int n)
{
	for (int i = 0; i < n; i++) {
		autofree char *number = keg_printf("%d", i);
		autofree char *own = keg_printf("l/%d/%d", i, i);
		autofree char *common = keg_printf("l/%d/common", i);

		keg_strv_addf(&place.lower, "l/%d", i);
		if (keg_mkdirs(place.base, place.lower.v[i], 0755, &place.err) < 0 ||
		    keg_file_write(place.base, own, number, strlen(number), 0644, 0, &place.err) <
			    0 ||
		    keg_file_write(place.base, common, number, strlen(number), 0644, 0,
				   &place.err) < 0)
			return -1;
	}
	return 0;
}

static int setup(void **state)
{
	autofree char *uids = keg_printf("0 %u 1", geteuid());
	autofree char *gids = keg_printf("0 %u 1", getegid());

	*state = &place;
	if (!mkdtemp(place.dir))
		return -1;
	place.may_mount = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
	if (place.may_mount) {
		write_self("setgroups", "deny");
		write_self("uid_map", uids);
		write_self("gid_map", gids);
	}
	place.base = open(place.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(place.base, "up", 0755);
	mkdirat(place.base, "work", 0755);
	place.upper = openat(place.base, "up", O_PATH | O_CLOEXEC);
	place.work = openat(place.base, "work", O_PATH | O_CLOEXEC);
	return make_layers(70);
}

static int teardown(void **state)
{
	(void)state;
	keg_strv_done(&place.lower);
	return keg_remove_tree(AT_FDCWD, place.dir, &place.err);
}

static struct overlay_request request(size_t n, bool writable)
{
	return (struct overlay_request){ .base = place.base,
					 .lower = (const char *const *)place.lower.v,
					 .n_lower = n,
					 .upper = writable ? place.upper : -1,
					 .work = writable ? place.work : -1,
					 .userxattr = true };
}

static bool holds(int mount, const char *file, const char *text)
{
	auto(keg_buf) found = { 0 };

	return keg_file_read(mount, file, 100, &found, &place.err) == 0 &&
	       keg_str_eq(keg_buf_text(&found), text);
}

static void check_70_layers(mount_overlay *how)
{
	struct overlay_request req = request(70, true);

	autofd int mount = how(&req, &place.err);
	if (mount < 0)
		fail_msg("%s", place.err.msg);
	assert_true(holds(mount, "common", "0"));
	assert_true(holds(mount, "69", "69"));
	assert_int_equal(keg_file_write(mount, "new", "x", 1, 0644, 0, &place.err), 0);
	assert_int_equal(unlinkat(mount, "69", 0), 0);
	assert_true(keg_exists(place.upper, "new"));
	assert_true(keg_exists(place.upper, "69")); /* a whiteout */
	assert_true(keg_exists(place.base, "l/69/69"));
	assert_int_equal(unlinkat(place.upper, "new", 0), 0);
	assert_int_equal(unlinkat(place.upper, "69", 0), 0);
}

static void seventy_layers_are_mounted_below_no_path(void **state)
{
	(void)state;
	if (!place.may_mount)
		skip();
	check_70_layers(overlay_mount);
}

static void seventy_layers_are_mounted_the_old_way_too(void **state)
{
	(void)state;
	if (!place.may_mount)
		skip();
	check_70_layers(overlay_mount_legacy);
}

static void without_an_upper_folder_it_is_read_only(void **state)
{
	mount_overlay *const ways[] = { overlay_mount, overlay_mount_legacy };

	(void)state;
	if (!place.may_mount)
		skip();
	for (size_t i = 0; i < KEG_COUNT(ways); i++) {
		struct overlay_request req = request(2, false);
		struct statvfs st;

		req.options = "nodev,noexec";
		autofd int mount = ways[i](&req, &place.err);
		assert_true(mount >= 0);
		assert_true(holds(mount, "1", "1"));
		assert_true(keg_file_write(mount, "new", "x", 1, 0644, 0, &place.err) < 0);
		assert_int_equal(place.err.sys, EROFS);
		assert_int_equal(fstatvfs(mount, &st), 0);
		assert_int_equal(st.f_flag & (ST_NODEV | ST_NOEXEC | ST_RDONLY),
				 ST_NODEV | ST_NOEXEC | ST_RDONLY);
	}
}

static void options_of_storage_conf_reach_overlay_or_are_refused(void **state)
{
	struct overlay_request req = request(2, true);

	(void)state;
	if (!place.may_mount)
		skip();
	req.is_volatile = true;
	req.options = "metacopy=on,index=off"; /* metacopy is left out with userxattr */
	autofd int mount = overlay_mount(&req, &place.err);
	assert_true(mount >= 0);
	/* The kernel marks a volatile work folder, and refuses it for the next mount. */
	assert_true(keg_exists(place.work, "work/incompat/volatile"));
	assert_int_equal(keg_remove_tree(place.work, "work", &place.err), 0);

	req.options = "nonsense";
	assert_int_equal(overlay_mount(&req, &place.err), -KEG_EUSAGE);
	req.options = "nodev=1";
	assert_int_equal(overlay_mount(&req, &place.err), -KEG_EUSAGE);
}

static void a_missing_layer_is_named(void **state)
{
	const char *lower[] = { "l/0", "l/none" };
	struct overlay_request req = request(2, true);

	(void)state;
	if (!place.may_mount)
		skip();
	req.lower = lower;
	assert_int_equal(overlay_mount(&req, &place.err), -KEG_ENOTFOUND);
	assert_non_null(strstr(place.err.msg, "l/none"));
	assert_int_equal(overlay_mount_legacy(&req, &place.err), -KEG_ENOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seventy_layers_are_mounted_below_no_path),
		cmocka_unit_test(seventy_layers_are_mounted_the_old_way_too),
		cmocka_unit_test(without_an_upper_folder_it_is_read_only),
		cmocka_unit_test(options_of_storage_conf_reach_overlay_or_are_refused),
		cmocka_unit_test(a_missing_layer_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
