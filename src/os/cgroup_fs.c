/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a group. Names stay relative to one descriptor of CGROUP_ROOT. */
#include "os/cgroup_internal.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

enum { FILE_MAX = 4 << 20, NUMBER_TEXT_MAX = 64, EVENTS_MAX = 256, PAUSE_TURNS = 7 };

int cgroup_file_name(char out[PATH_MAX], const struct cgroup_hierarchy *h, const char *path,
		     const char *file)
{
	int n = keg_format(out, PATH_MAX, "%s%s%s%s", h->folder, path, file ? "/" : "",
			   file ? file : "");

	if (n < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int cgroup_file_open(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *path,
		     const char *file, int flags)
{
	char name[PATH_MAX];

	if (cgroup_file_name(name, h, path, file) < 0)
		return -1;
	return openat(group->root, name, flags | O_CLOEXEC);
}

bool cgroup_file_exists(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const char *file)
{
	char name[PATH_MAX];

	return cgroup_file_name(name, h, h->path, file) == 0 &&
	       faccessat(group->root, name, F_OK, 0) == 0;
}

int cgroup_file_read(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *file,
		     struct keg_buf *out, struct keg_err *err)
{
	char name[PATH_MAX];

	if (cgroup_file_name(name, h, h->path, file) < 0)
		return keg_fail_sys(err, errno, "read %s of group %s", file, h->path);
	return keg_file_read(group->root, name, FILE_MAX, out, err);
}

bool cgroup_file_number(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const char *file, uint64_t *out)
{
	char text[NUMBER_TEXT_MAX];
	struct keg_err err;
	autofd int fd = cgroup_file_open(group, h, h->path, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0) {
		*out = UINT64_MAX;
		return true;
	}
	return keg_parse_u64(text, out, &err) == 0;
}

bool cgroup_text_number(const char *text, const char *key, uint64_t *out)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;

		struct keg_err err;
		const char *digits = line + len + 1;
		autofree char *number = keg_strndup(digits, strcspn(digits, " \n"));

		return keg_parse_u64(number, out, &err) == 0;
	}
	return false;
}

/* 0 or the errno of opening or writing. */
static int write_value(const struct cgroup *group, const struct cgroup_hierarchy *h,
		       const char *file, const char *value)
{
	autofd int fd = cgroup_file_open(group, h, h->path, file, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return errno;
	do /* lowering a memory limit can be interrupted while it reclaims */
		n = write(fd, value, strlen(value));
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static int write_failed(const struct cgroup_hierarchy *h, const char *file, const char *value,
			int sys, struct keg_err *err)
{
	bool at_root = strcmp(h->folder, ".") == 0;

	return keg_fail_sys(err, sys, "write \"%s\" to " CGROUP_ROOT "%s%s%s/%s", value,
			    at_root ? "" : "/", at_root ? "" : h->folder, h->path, file);
}

int cgroup_file_write(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      const char *file, const char *value, struct keg_err *err)
{
	int sys = write_value(group, h, file, value);

	return sys ? write_failed(h, file, value, sys, err) : 0;
}

int cgroup_files_settle(const struct cgroup *group, const struct cgroup_hierarchy *h,
			struct cgroup_setting *settings, size_t n, struct keg_err *err)
{
	while (n > 0) {
		size_t left = 0;

		for (size_t i = 0; i < n; i++) {
			int sys = write_value(group, h, settings[i].file, settings[i].value);

			if (sys == EINVAL)
				settings[left++] = settings[i];
			else if (sys)
				return write_failed(h, settings[i].file, settings[i].value, sys,
						    err);
		}
		if (left == n)
			return write_failed(h, settings[0].file, settings[0].value, EINVAL, err);
		n = left;
	}
	return 0;
}

/* The names of the folders in an open folder. */
static int list_folders(int fd, struct keg_strv *out, struct keg_err *err)
{
	autodir dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return keg_fail_sys(err, errno, "list a control group");
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			keg_strv_add(out, entry->d_name);
	}
	return 0;
}

/* The paths of all groups below `path`, parents before children, appended to *out. */
static int collect(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *path,
		   struct keg_strv *out, struct keg_err *err)
{
	size_t next = out->n;
	autofree char *at = keg_strdup(path);

	for (;;) {
		auto(keg_strv) names = { 0 };
		struct stat st;
		autofd int fd = cgroup_file_open(group, h, at, NULL, O_RDONLY | O_DIRECTORY);

		/* kernfs counts a folder's folders in its links: usually there are none. */
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink > 2) {
			int r = list_folders(take_fd(&fd), &names, err);

			if (r < 0)
				return r;
		}
		for (size_t i = 0; i < names.n; i++)
			keg_strv_addf(out, "%s/%s", at, names.v[i]);
		if (next == out->n)
			return 0;
		free(at);
		at = keg_strdup(out->v[next++]);
	}
}

int cgroup_walk(const struct cgroup *group, const struct cgroup_hierarchy *h, cgroup_visit *each,
		void *data, struct keg_err *err)
{
	auto(keg_strv) paths = { 0 };
	int r = collect(group, h, h->path, &paths, err);

	for (size_t i = paths.n; r >= 0 && i > 0; i--)
		r = each(group, h, paths.v[i - 1], data, err);
	return r;
}

int64_t cgroup_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cgroup_pause(unsigned *turn)
{
	struct timespec pause = { .tv_nsec = 1000000L
					     << (*turn < PAUSE_TURNS ? *turn : PAUSE_TURNS - 1) };

	nanosleep(&pause, NULL);
	(*turn)++;
}

bool cgroup_event_wait(const struct cgroup *group, const struct cgroup_hierarchy *h,
		       const char *line, int64_t deadline)
{
	autofd int fd = cgroup_file_open(group, h, h->path, "cgroup.events", O_RDONLY);

	for (;;) {
		char text[EVENTS_MAX];
		ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);

		if (n < 0)
			return true; /* the group is gone */
		text[n] = '\0';

		const char *at = strstr(text, line);
		if (at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n')
			return true;

		int64_t left = deadline - cgroup_clock_ms();
		struct pollfd event = { .fd = fd, .events = POLLPRI };
		if (left <= 0 || poll(&event, 1, (int)left) == 0)
			return false;
	}
}
