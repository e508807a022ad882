/* SPDX-License-Identifier: Apache-2.0 */
#include "os/sdnotify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/socket.h"

/* A message has at most a page; root and others in the container may write to the socket. */
enum { MESSAGE_MAX = 4096, SOCKET_MODE = 0777, BARRIER_MS = 5000 };

static const char ready[] = "READY=1";

int sdnotify_bind(int folder, const char *name, struct keg_err *err)
{
	unlinkat(folder, name, 0);
	autofd int fd = socket_datagram_at(folder, name, err);

	if (fd >= 0 && fchmodat(folder, name, SOCKET_MODE, 0) < 0)
		return keg_fail_sys(err, errno, "let others write to socket %s", name);
	return fd < 0 ? fd : take_fd(&fd);
}

static bool says_ready(const char *message, size_t len)
{
	const char *line = message, *end = message + len;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((newline ? newline : end) - line);

		if (n == sizeof ready - 1 && memcmp(line, ready, n) == 0)
			return true;
		line += n + 1;
	}
	return false;
}

bool sdnotify_take_ready(int socket)
{
	char message[MESSAGE_MAX];
	ssize_t n = recv(socket, message, sizeof message, MSG_DONTWAIT);

	return n > 0 && says_ready(message, (size_t)n);
}

int sdnotify_check(const char *address, struct keg_err *err)
{
	if ((address[0] != '/' && address[0] != '@') || address[1] == '\0')
		return keg_fail(err, KEG_EUSAGE, "%s is no socket to notify: %s", address,
				"an absolute path or @name is expected");
	if (strlen(address) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return keg_fail(err, KEG_EUSAGE, "%s is too long", address);
	return 0;
}

int sdnotify_connect(const char *address, struct keg_err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(address);
	int r = sdnotify_check(address, err);

	if (r < 0)
		return r;
	memcpy(to.sun_path, address, len);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	autofd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return keg_fail_sys(err, errno, "make a socket");
	if (connect(fd, (const struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return keg_fail_sys(err, errno, "notify %s", address);
	return take_fd(&fd);
}

int sdnotify_send(int socket, const char *message, struct keg_err *err)
{
	ssize_t sent;

	do
		sent = send(socket, message, strlen(message), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? keg_fail_sys(err, errno, "send %s", message) : 0;
}

int sdnotify_barrier(int socket, struct keg_err *err)
{
	static const char barrier[] = "BARRIER=1";
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return keg_fail_sys(err, errno, "make a pipe");
	autofd int ours = ends[0];
	int r = socket_send_fd(socket, ends[1], barrier, sizeof barrier - 1, err);
	close(ends[1]);
	if (r < 0)
		return r;
	/* The manager closes its end when it comes to this message. */
	struct pollfd closed = { .fd = ours };
	(void)poll(&closed, 1, BARRIER_MS);
	return 0;
}
