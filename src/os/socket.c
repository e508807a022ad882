/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's address has room for 108 bytes. Longer names are reached through a descriptor of
 * their folder: /proc/self/fd/N/name.
 */
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"

static int address_of(int dirfd, const char *name, struct sockaddr_un *out, struct keg_err *err)
{
	int len =
		keg_format(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", dirfd, name);

	out->sun_family = AF_UNIX;
	if (len < 0 || (size_t)len >= sizeof out->sun_path)
		return keg_fail(err, KEG_EUSAGE, "socket name %s is too long", name);
	return 0;
}

static int bind_at(int dirfd, const char *name, int type, struct keg_err *err)
{
	struct sockaddr_un address;
	int r = address_of(dirfd, name, &address, err);

	if (r < 0)
		return r;
	autofd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return keg_fail_sys(err, errno, "make a socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return keg_fail_sys(err, errno, "make socket %s", name);
	return take_fd(&fd);
}

int socket_listen_at(int dirfd, const char *name, struct keg_err *err)
{
	autofd int fd = bind_at(dirfd, name, SOCK_STREAM, err);

	if (fd < 0)
		return fd;
	if (listen(fd, 1) < 0)
		return keg_fail_sys(err, errno, "listen at socket %s", name);
	return take_fd(&fd);
}

int socket_datagram_at(int dirfd, const char *name, struct keg_err *err)
{
	return bind_at(dirfd, name, SOCK_DGRAM, err);
}

int socket_connect_at(int dirfd, const char *name, struct keg_err *err)
{
	struct sockaddr_un address;
	autofree char *above = keg_path_dir(name);
	autofd int folder =
		keg_open_at(name[0] == '/' ? AT_FDCWD : dirfd, above, O_PATH | O_DIRECTORY, 0, err);

	if (folder < 0)
		return folder;
	int r = address_of(folder, keg_path_base(name), &address, err);
	if (r < 0)
		return r;
	autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return keg_fail_sys(err, errno, "make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return keg_fail_sys(err, errno, "connect to socket %s", name);
	return take_fd(&fd);
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int socket_send_fd(int socket, int fd, const void *bytes, size_t len, struct keg_err *err)
{
	struct iovec data = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	union control control = { 0 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control.room,
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	ssize_t sent;

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(head), &fd, sizeof fd);
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? keg_fail_sys(err, errno, "send a descriptor") : 0;
}

int socket_receive_fd(int socket, void *bytes, size_t len, struct keg_err *err)
{
	struct iovec data = { .iov_base = bytes, .iov_len = len };
	union control control = { 0 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control.room,
	};
	ssize_t got;
	int fd;

	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return keg_fail_sys(err, errno, "receive a descriptor");

	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
	    head->cmsg_len != CMSG_LEN(sizeof fd))
		return keg_fail(err, KEG_ECORRUPT, "no descriptor came");
	memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return fd;
}
