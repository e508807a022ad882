/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"

/* The runtime's message is its name for the terminal; only the descriptor counts. */
static int receive_fd(int sock)
{
	char name[4096];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { name, sizeof name };
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static void on_connect(struct loop_source *source, uint32_t events)
{
	struct console *console = source->owner;
	autofd int conn = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (conn < 0)
		return;
	int master = receive_fd(conn);
	if (master < 0) {
		keg_debug("console: the runtime sent no descriptor");
		return;
	}
	/* Others share neither this descriptor nor its flags: runtimes send and close. */
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	console->arrived(master, console->owner);
}

int console_open(struct console *console, struct keg_err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autofd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	console->listener.fd = -1;
	if (sock < 0)
		return keg_fail_sys(err, errno, "open the console socket");
	console->dir = keg_strdup("/tmp/kegmon-XXXXXX");
	if (!mkdtemp(console->dir)) {
		free(take_ptr(&console->dir));
		return keg_fail_sys(err, errno, "make a folder for the console socket");
	}
	console->path = keg_printf("%s/console", console->dir);
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", console->path);
	if (bind(sock, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(sock, 1) < 0)
		return keg_fail_sys(err, errno, "listen on %s", console->path);
	console->listener =
		(struct loop_source){ .fd = take_fd(&sock), .ready = on_connect, .owner = console };
	return loop_watch(console->loop, &console->listener, EPOLLIN, err);
}

void console_poll(struct console *console)
{
	if (console->listener.fd >= 0)
		on_connect(&console->listener, EPOLLIN);
}

void console_close(struct console *console)
{
	if (!console->dir)
		return;
	loop_close_source(console->loop, &console->listener);
	if (console->path)
		unlink(console->path);
	rmdir(console->dir);
	free(take_ptr(&console->path));
	free(take_ptr(&console->dir));
}
