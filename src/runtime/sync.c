/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sync.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
	enum sync_kind kind;
	int64_t value;
	struct keg_err err; /* sent with SYNC_ERROR only */
};

int sync_open(struct sync_pair *out, struct keg_err *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return keg_fail_sys(err, errno, "make a socket pair");
	*out = (struct sync_pair){ .parent = fds[0], .child = fds[1] };
	return 0;
}

/* write(2) and read(2), as a child may be under a seccomp filter that lacks or traps send and recv.
 */
static int put(int fd, const struct message *message, size_t size)
{
	ssize_t sent;

	do
		sent = write(fd, message, size);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

int sync_send(int fd, enum sync_kind kind, int64_t value, struct keg_err *err)
{
	const struct message message = { .kind = kind, .value = value };

	if (put(fd, &message, offsetof(struct message, err)) < 0)
		return keg_fail_sys(err, errno, "talk to the other process");
	return 0;
}

void sync_send_error(int fd, const struct keg_err *problem)
{
	const struct message message = { .kind = SYNC_ERROR, .err = *problem };

	(void)put(fd, &message, sizeof message);
}

int sync_receive(int fd, int64_t *value, struct keg_err *err)
{
	struct message message = { 0 };
	ssize_t got;

	/*
	 * A reset says, once, that the other side ended without reading all that it was sent, and
	 * it is said before what that side sent last, which is why it ended.
	 */
	do
		got = read(fd, &message, sizeof message);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < 0)
		return keg_fail_sys(err, errno, "listen to the other process");
	if (got == 0)
		return SYNC_END;
	if (message.kind == SYNC_ERROR) {
		*err = message.err;
		return -(int)err->code;
	}
	if (value)
		*value = message.value;
	return (int)message.kind;
}

int sync_expect(int fd, enum sync_kind kind, int64_t *value, struct keg_err *err)
{
	int got = sync_receive(fd, value, err);

	if (got < 0 || got == (int)kind)
		return got;
	if (got == SYNC_END)
		return keg_fail(err, KEG_ESYSTEM, "the other process ended unexpectedly");
	return keg_fail(err, KEG_ESYSTEM, "unexpected message %d", got);
}
