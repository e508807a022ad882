/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upload_window.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

enum { DROP_BYTES = 8 << 20 }; /* at once: each costs a call */

struct upload_window {
	const struct registry_source *from;
	int fd;		    /* -1: nothing is kept */
	uint64_t kept_from; /* what is before was dropped */
	uint64_t taken;	    /* from the source; all of it is in the file */
	uint64_t at;	    /* of the next byte to give */
};

struct upload_window *upload_window_new(const struct registry_source *from, const char *dir)
{
	struct upload_window *window = keg_alloc(1, sizeof *window);
	struct keg_err err;

	window->from = from;
	window->fd = keg_open_unnamed(dir, &err);
	if (window->fd < 0)
		keg_debug("%s", err.msg);
	return window;
}

void upload_window_free(struct upload_window *window)
{
	if (window->fd >= 0)
		close(window->fd);
	free(window);
}

static void give_up_keeping(struct upload_window *window)
{
	if (window->fd >= 0)
		close(window->fd);
	window->fd = -1;
}

static void drop_old(struct upload_window *window)
{
	uint64_t behind = window->taken - window->kept_from;

	if (behind < (uint64_t)UPLOAD_WINDOW_BYTES + DROP_BYTES)
		return;
	/* A file system without holes keeps all of it until the end. */
	(void)!fallocate(window->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)window->kept_from, DROP_BYTES);
	window->kept_from += DROP_BYTES;
}

static void keep(struct upload_window *window, const char *bytes, size_t len)
{
	for (size_t done = 0; done < len && window->fd >= 0;) {
		ssize_t n =
			pwrite(window->fd, bytes + done, len - done, (off_t)(window->taken + done));

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR) /* no space: send on without */
			give_up_keeping(window);
	}
	window->taken += len;
	if (window->fd >= 0)
		drop_old(window);
}

static ssize_t window_read(void *ctx, void *into, size_t room, struct keg_err *err)
{
	struct upload_window *window = ctx;
	ssize_t n;

	if (window->at < window->taken) {
		uint64_t left = window->taken - window->at;

		n = pread(window->fd, into, left < room ? (size_t)left : room, (off_t)window->at);
		if (n <= 0)
			return keg_fail_sys(err, n < 0 ? errno : EIO, "read what was sent");
	} else {
		n = window->from->read(window->from->ctx, into, room, err);
		if (n > 0)
			keep(window, into, (size_t)n);
	}
	if (n > 0)
		window->at += (uint64_t)n;
	return n;
}

static int window_seek(void *ctx, uint64_t to, struct keg_err *err)
{
	struct upload_window *window = ctx;

	if (to != window->taken && (window->fd < 0 || to < window->kept_from || to > window->taken))
		return keg_fail(err, KEG_ENETWORK,
				"the registry has %" PRIu64
				" bytes, and those after them are not kept any more",
				to);
	window->at = to;
	return 0;
}

void upload_window_source(struct upload_window *window, struct registry_source *out)
{
	*out = (struct registry_source){
		.read = window_read,
		.seek = window_seek,
		.ctx = window,
		.size = window->from->size,
	};
}
