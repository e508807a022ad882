/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pidfd_socket.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/socket.h"

int pidfd_socket_send(const char *path, int pidfd, const char *kind, struct keg_err *err)
{
	autofd int fd = socket_connect_at(AT_FDCWD, path, err);
	int r = fd < 0 ? fd : socket_send_fd(fd, pidfd, kind, strlen(kind), err);

	return r < 0 ? keg_wrap(err, "pidfd socket") : 0;
}
