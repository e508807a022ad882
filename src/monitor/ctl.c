/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "monitor/protocol.h"

enum { FIFO_MODE = 0660 };

/* Digits that end at a space or the end of the line. */
static bool read_number(const char **at, unsigned max, unsigned *out)
{
	const char *p = *at + strspn(*at, " \t");
	unsigned value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (unsigned)(*p - '0');
		if (value > max)
			return false;
	}
	if (*p != '\0' && *p != ' ' && *p != '\t')
		return false;
	*out = value;
	*at = p;
	return true;
}

bool ctl_parse(const char *line, bool bare_size, struct ctl_request *out)
{
	*out = (struct ctl_request){ .verb = MONITOR_CTL_RESIZE };
	if (!bare_size && !read_number(&line, MONITOR_CTL_REOPEN, &out->verb))
		return false;
	if (out->verb == MONITOR_CTL_REOPEN)
		return true;
	return out->verb == MONITOR_CTL_RESIZE && read_number(&line, CTL_SIDE_MAX, &out->height) &&
	       read_number(&line, CTL_SIDE_MAX, &out->width);
}

static void take_line(struct ctl_fifo *fifo)
{
	struct ctl_request request;

	if (ctl_parse(fifo->line, fifo->bare_size, &request))
		fifo->ctl->asked(&request, fifo->ctl->owner);
	else
		keg_debug("ctl: not understood: %s", fifo->line);
}

static void take_bytes(struct ctl_fifo *fifo, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			fifo->line[fifo->len] = '\0';
			if (!fifo->skipping)
				take_line(fifo);
			fifo->skipping = false;
			fifo->len = 0;
		} else if (fifo->len + 1 < sizeof fifo->line) {
			fifo->line[fifo->len++] = bytes[i];
		} else {
			fifo->skipping = true;
		}
	}
}

static void on_readable(struct loop_source *source, uint32_t events)
{
	char bytes[CTL_LINE_MAX];
	ssize_t n = read(source->fd, bytes, sizeof bytes);

	(void)events;
	if (n > 0)
		take_bytes(source->owner, bytes, (size_t)n);
}

static int open_fifo(struct ctl *ctl, struct ctl_fifo *fifo, int bundle, const char *name,
		     struct keg_err *err)
{
	if (unlinkat(bundle, name, 0) < 0 && errno != ENOENT)
		return keg_fail_sys(err, errno, "remove old fifo %s", name);
	if (mkfifoat(bundle, name, FIFO_MODE) < 0)
		return keg_fail_sys(err, errno, "make fifo %s", name);
	/* For writing too: it then never reads as ended when a client leaves. */
	int fd = openat(bundle, name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return keg_fail_sys(err, errno, "open fifo %s", name);
	fifo->ctl = ctl;
	fifo->source = (struct loop_source){ .fd = fd, .ready = on_readable, .owner = fifo };
	return loop_watch(ctl->loop, &fifo->source, EPOLLIN, err);
}

int ctl_open(struct ctl *ctl, int bundle, struct keg_err *err)
{
	ctl->winsz.bare_size = true;
	if (open_fifo(ctl, &ctl->ctl, bundle, MONITOR_FILE_CTL, err) < 0)
		return -(int)err->code;
	return open_fifo(ctl, &ctl->winsz, bundle, MONITOR_FILE_WINSZ, err);
}
