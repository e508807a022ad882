/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

/*
 * One pipe for stream `i`. Only our end is non-blocking: the flag belongs to each end's own
 * open file, and programs do not expect it on theirs.
 */
static int open_pipe(struct pipes *pipes, int i, struct keg_err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return keg_fail_sys(err, errno, "make a pipe");
	pipes->child[i] = i == 0 ? ends[0] : ends[1];
	pipes->own[i] = i == 0 ? ends[1] : ends[0];
	if (fcntl(pipes->own[i], F_SETFL, O_NONBLOCK) < 0)
		return keg_fail_sys(err, errno, "make a pipe non-blocking");
	return 0;
}

static int open_null(struct pipes *pipes, int i, struct keg_err *err)
{
	int fd = keg_open_at(AT_FDCWD, "/dev/null", O_RDWR, 0, err);

	pipes->child[i] = fd;
	return fd < 0 ? fd : 0;
}

int pipes_open(struct pipes *pipes, bool with_input, bool terminal, struct keg_err *err)
{
	int r = with_input && !terminal ? open_pipe(pipes, 0, err) : open_null(pipes, 0, err);

	if (r < 0)
		return r;
	r = terminal ? open_null(pipes, 1, err) : open_pipe(pipes, 1, err);
	return r < 0 ? r : open_pipe(pipes, 2, err);
}

int pipes_pass_through(struct pipes *pipes, struct keg_err *err)
{
	for (int i = 0; i < 3; i++) {
		pipes->child[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (pipes->child[i] < 0)
			return keg_fail_sys(err, errno, "duplicate descriptor %d", i);
	}
	return 0;
}

void pipes_close_child(struct pipes *pipes)
{
	for (int i = 0; i < 3; i++) {
		if (pipes->child[i] >= 0)
			close(pipes->child[i]);
		pipes->child[i] = -1;
	}
}
