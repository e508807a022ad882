/* SPDX-License-Identifier: Apache-2.0 */
#include "os/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

enum { FILE_MAX = 1 << 20, LINE_MAX_LEN = 8192, GROUP_MODE = 0755 };

/* The kernel makes this folder where it can do it; it may be mounted elsewhere all the same. */
static const char usual[] = "/sys/fs/resctrl";

static int open_mounted(const char *path)
{
	struct statfs fs;
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || (fstatfs(fd, &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC))
		return fd;
	close(fd);
	return -1;
}

static int find_mounted(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char line[LINE_MAX_LEN];
	struct mntent entry;
	int fd = -1;

	while (mounts && fd < 0 && getmntent_r(mounts, &entry, line, sizeof line)) {
		if (strcmp(entry.mnt_type, "resctrl") == 0)
			fd = open_mounted(entry.mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return fd;
}

int resctrl_open(struct keg_err *err)
{
	int fd = open_mounted(usual);

	if (fd < 0)
		fd = find_mounted();
	if (fd < 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"Intel RDT is not enabled: no resctrl file system is mounted");
	return fd;
}

bool resctrl_has(int root, const char *resource)
{
	autofree char *path = keg_path_join("info", resource);

	return keg_exists(root, path);
}

bool resctrl_is_group(const char *name)
{
	static const char *const others[] = { "", ".", "..", "info", "mon_data", "mon_groups" };

	if (strcmp(name, "/") == 0)
		return true;
	for (size_t i = 0; i < KEG_COUNT(others); i++) {
		if (strcmp(name, others[i]) == 0)
			return false;
	}
	return !strchr(name, '/') && !strchr(name, '\n');
}

char *resctrl_folder(const char *group, const char *monitor)
{
	const char *top = strcmp(group, "/") == 0 ? "." : group;

	return monitor ? keg_printf("%s/mon_groups/%s", top, monitor) : keg_strdup(top);
}

const char *resctrl_read(int root, const char *folder, const char *file, struct keg_buf *text)
{
	autofree char *path = keg_path_join(folder, file);
	struct keg_err ignored;

	keg_buf_cut(text, 0);
	if (keg_file_read(root, path, FILE_MAX, text, &ignored) < 0)
		keg_buf_cut(text, 0);
	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	return keg_buf_text(text);
}

/* An errno of resctrl says little; its reason is in a file. */
static int fail(int root, const char *what, struct keg_err *err)
{
	int sys = errno;
	auto(keg_buf) text = { 0 };
	const char *status = resctrl_read(root, "info", "last_cmd_status", &text);

	if (!*status || strcmp(status, "ok") == 0)
		return keg_fail_sys(err, sys, "intelRdt: %s", what);
	return keg_fail_sys(err, sys, "intelRdt: %s: %s", what, status);
}

int resctrl_make(int root, const char *group, bool *made, struct keg_err *err)
{
	autofree char *folder = resctrl_folder(group, NULL);
	autofree char *what = keg_printf("make group %s", group);

	if (mkdirat(root, folder, GROUP_MODE) == 0)
		*made = true;
	else if (errno == EEXIST || strcmp(folder, ".") == 0)
		*made = false;
	else
		return fail(root, what, err);
	return 0;
}

int resctrl_make_monitor(int root, const char *group, const char *monitor, struct keg_err *err)
{
	autofree char *folder = resctrl_folder(group, monitor);
	autofree char *what = keg_printf("make group %s", folder);

	if (mkdirat(root, folder, GROUP_MODE) < 0 && errno != EEXIST)
		return fail(root, what, err);
	return 0;
}

bool resctrl_exists(int root, const char *group)
{
	autofree char *folder = resctrl_folder(group, NULL);

	return keg_exists(root, folder);
}

/* At once: each write is a command of its own. */
static int put(int root, const char *folder, const char *file, const char *text,
	       struct keg_err *err)
{
	autofree char *path = keg_path_join(folder, file);
	autofree char *what = keg_printf("write %.*s to %s", (int)strcspn(text, "\n"), text, path);
	autofd int fd = openat(root, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return fail(root, what, err);
	return 0;
}

int resctrl_divide(int root, const char *group, const char *lines, struct keg_err *err)
{
	autofree char *folder = resctrl_folder(group, NULL);

	return put(root, folder, "schemata", lines, err);
}

int resctrl_add(int root, const char *group, const char *monitor, pid_t pid, struct keg_err *err)
{
	autofree char *folder = resctrl_folder(group, NULL);
	autofree char *counting = monitor ? resctrl_folder(group, monitor) : NULL;
	autofree char *number = keg_printf("%d\n", (int)pid);
	int r = put(root, folder, "tasks", number, err);

	return r < 0 || !counting ? r : put(root, counting, "tasks", number, err);
}

int resctrl_remove(int root, const char *group, const char *monitor, struct keg_err *err)
{
	autofree char *folder = resctrl_folder(group, monitor);

	if (unlinkat(root, folder, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return keg_fail_sys(err, errno, "intelRdt: remove group %s", folder);
	return 0;
}
