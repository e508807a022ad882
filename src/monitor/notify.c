/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

/* A message has at most a page; root and others in the container may write to the socket. */
enum { MESSAGE_MAX = 4096, DIR_MODE = 0755, SOCKET_MODE = 0777 };

static const char ready[] = "READY=1";

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

static void on_message(struct loop_source *source, uint32_t events)
{
	struct notify *notify = source->owner;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t path = strlen(notify->host);
	char message[MESSAGE_MAX];
	ssize_t n = recv(source->fd, message, sizeof message, MSG_DONTWAIT);

	(void)events;
	if (n <= 0 || !says_ready(message, (size_t)n))
		return;
	memcpy(addr.sun_path, notify->host, path);
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	if (sendto(source->fd, ready, sizeof ready - 1, MSG_NOSIGNAL, (struct sockaddr *)&addr,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path)) < 0)
		keg_debug("notify: %s: %s", notify->host, strerrordesc_np(errno));
}

int notify_open(struct notify *notify, const struct monitor_options *opt, int bundle,
		struct keg_err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autofd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	autofd int dir = -1;

	if (strlen(opt->sdnotify_socket) >= sizeof addr.sun_path)
		return keg_fail(err, KEG_EUSAGE, "--sdnotify-socket: %s is too long",
				opt->sdnotify_socket);
	if (mkdirat(bundle, "notify", DIR_MODE) < 0 && errno != EEXIST)
		return keg_fail_sys(err, errno, "make folder notify");
	dir = openat(bundle, "notify", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || sock < 0)
		return keg_fail_sys(err, errno, "open folder notify");
	unlinkat(dir, "notify.sock", 0);
	snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/notify.sock", dir);
	if (bind(sock, (struct sockaddr *)&addr, sizeof addr) < 0 ||
	    fchmodat(dir, "notify.sock", SOCKET_MODE, 0) < 0)
		return keg_fail_sys(err, errno, "bind notify/notify.sock");
	notify->host = opt->sdnotify_socket;
	notify->source =
		(struct loop_source){ .fd = take_fd(&sock), .ready = on_message, .owner = notify };
	return loop_watch(notify->loop, &notify->source, EPOLLIN, err);
}
