/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "os/sdnotify.h"

enum { DIR_MODE = 0755 };

static void on_message(struct loop_source *source, uint32_t events)
{
	struct notify *notify = source->owner;
	struct keg_err err;

	(void)events;
	if (!sdnotify_take_ready(source->fd))
		return;
	autofd int host = sdnotify_connect(notify->host, &err);
	if (host < 0 || sdnotify_send(host, "READY=1", &err) < 0)
		keg_debug("notify: %s", err.msg);
}

int notify_open(struct notify *notify, const struct monitor_options *opt, int bundle,
		struct keg_err *err)
{
	if (sdnotify_check(opt->sdnotify_socket, err) < 0)
		return keg_wrap(err, "--sdnotify-socket");
	if (mkdirat(bundle, "notify", DIR_MODE) < 0 && errno != EEXIST)
		return keg_fail_sys(err, errno, "make folder notify");
	autofd int dir = openat(bundle, "notify", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return keg_fail_sys(err, errno, "open folder notify");
	autofd int sock = sdnotify_bind(dir, "notify.sock", err);
	if (sock < 0)
		return sock;
	notify->host = opt->sdnotify_socket;
	notify->source =
		(struct loop_source){ .fd = take_fd(&sock), .ready = on_message, .owner = notify };
	return loop_watch(notify->loop, &notify->source, EPOLLIN, err);
}
