/* SPDX-License-Identifier: Apache-2.0 */
#include "os/journal_entry.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct sockaddr_un address = { AF_UNIX, "/run/systemd/journal/socket" };

int journal_entry_socket(struct keg_err *err)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? keg_fail_sys(err, errno, "open a socket for the journal") : fd;
}

/* A value with a newline would forge fields; the protocol's length-prefixed form carries it. */
void journal_entry_add(struct keg_buf *fields, const char *name, const char *value)
{
	if (!value)
		return;
	if (!strchr(value, '\n')) {
		keg_buf_printf(fields, "%s=%s\n", name, value);
		return;
	}
	uint64_t len = htole64(strlen(value));

	keg_buf_printf(fields, "%s\n", name);
	keg_buf_add(fields, &len, sizeof len);
	keg_buf_printf(fields, "%s\n", value);
}

bool journal_entry_send(int socket, struct iovec *parts, size_t n)
{
	struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)&address,
		.msg_namelen = sizeof address,
		.msg_iov = parts,
		.msg_iovlen = n,
	};

	/* A journal that hangs must not hang the container. */
	return sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}
