/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"

enum { PIDFILE_MODE = 0644, DESCRIPTORS_MAX = 256 };

static int write_pidfile(const char *path, pid_t pid, struct keg_err *err)
{
	char text[16];

	if (!path)
		return 0;
	snprintf(text, sizeof text, "%d", (int)pid);
	return keg_file_write(AT_FDCWD, path, text, strlen(text), PIDFILE_MODE, 0, err);
}

int daemon_start(const struct monitor_options *opt, struct keg_err *err)
{
	pid_t pid = opt->sync ? 0 : fork();

	if (pid < 0)
		return keg_fail_sys(err, errno, "fork the monitor");
	if (pid > 0) {
		int r = write_pidfile(opt->monitor_pidfile, pid, err);
		return r < 0 ? r : 1;
	}
	if (opt->sync && write_pidfile(opt->monitor_pidfile, getpid(), err) < 0)
		return -(int)err->code;
	/* Fails only for the leader of a group, which after a fork we are not. */
	setsid();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "become the reaper of orphans");
	return 0;
}

int daemon_mute(struct keg_err *err)
{
	autofd int null = keg_open_at(AT_FDCWD, "/dev/null", O_RDWR, 0, err);

	if (null < 0)
		return null;
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (dup2(null, fd) < 0)
			return keg_fail_sys(err, errno, "redirect descriptor %d", fd);
	}
	return 0;
}

/*
 * Close the descriptors with these descriptor flags. One call for each number: poll(2), which could
 * tell the open ones at once, takes those opened with O_PATH for closed.
 */
static void close_all(int wanted, const int *keep, size_t n)
{
	for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++) {
		bool kept = false;

		for (size_t i = 0; i < n; i++)
			kept |= keep[i] == fd;
		if (!kept && fcntl(fd, F_GETFD) == wanted)
			close(fd);
	}
}

void daemon_close_inherited(void)
{
	close_all(0, NULL, 0);
}

void daemon_close_own(const int *keep, size_t n)
{
	close_all(FD_CLOEXEC, keep, n);
}
