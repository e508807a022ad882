/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/userns_share.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/process.h"

#define SHARE_FILE "userns"

pid_t userns_share_find(const char *rundir)
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

void userns_share_publish(const char *rundir, pid_t pid)
{
	autofree char *path = keg_path_join(rundir, SHARE_FILE);
	autofree char *text = keg_printf("%d %llu", pid, (unsigned long long)process_born(pid));
	struct keg_err err;

	if (keg_file_write(AT_FDCWD, path, text, strlen(text), 0600, 0, &err) < 0)
		return;
}
