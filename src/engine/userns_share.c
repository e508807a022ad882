/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/userns_share.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/container.h"
#include "engine/process.h"

#define SHARE_FILE "userns"

/* Is the process the monitor of that container? Its command line names it. */
static bool is_monitor_of(int pid, const char *id)
{
	auto(keg_buf) text = { 0 };
	struct keg_err err;
	autofree char *path = keg_printf("/proc/%d/cmdline", pid);

	return keg_file_read(AT_FDCWD, path, 1 << 20, &text, &err) >= 0 &&
	       memmem(text.data, text.len, id, strlen(id)) != NULL;
}

/* The one that was named is gone: any other monitor of ours will do. */
static pid_t find_monitor(const char *rundir)
{
	autofree char *path = keg_path_join(rundir, "containers");
	autodir stream = opendir(path);

	for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
		auto(keg_buf) text = { 0 };
		struct keg_err err;
		int pid;
		autofree char *file =
			keg_printf("%s/%s/" CONTAINER_FILE_MONITOR_PID, path, entry->d_name);

		if (keg_file_read(AT_FDCWD, file, 64, &text, &err) < 0 ||
		    sscanf(keg_buf_text(&text), "%d", &pid) != 1 || pid <= 1)
			continue;
		if (is_monitor_of(pid, entry->d_name))
			return pid;
	}
	return 0;
}

/* The process that the file names, if it lives. */
static pid_t find_published(const char *rundir)
{
	auto(keg_buf) text = { 0 };
	struct keg_err err;
	autofree char *path = keg_path_join(rundir, SHARE_FILE);
	unsigned long long born;
	int pid;

	if (keg_file_read(AT_FDCWD, path, 64, &text, &err) < 0)
		return 0;
	if (sscanf(keg_buf_text(&text), "%d %llu", &pid, &born) != 2 || pid <= 1)
		return 0;
	return process_is(pid, born) ? pid : 0;
}

pid_t userns_share_find(const char *rundir)
{
	pid_t pid = find_published(rundir);

	return pid ? pid : find_monitor(rundir);
}

void userns_share_publish(const char *rundir, pid_t pid)
{
	if (find_published(rundir))
		return;
	autofree char *path = keg_path_join(rundir, SHARE_FILE);
	autofree char *text = keg_printf("%d %llu", pid, (unsigned long long)process_born(pid));
	struct keg_err err;

	if (keg_file_write(AT_FDCWD, path, text, strlen(text), 0600, 0, &err) < 0)
		return;
}
