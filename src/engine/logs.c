/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the log: TIME STREAM TAG TEXT, where TAG is F for a whole line and P for a part. */
#include "engine/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/lifecycle.h"

enum { CHUNK = 1 << 16, MAX_LINE = 1 << 20, FOLLOW_CHECK_MS = 250 };

struct reader {
	struct container *c;
	const struct logs_request *req;
	int (*each)(void *ctx, const struct logs_line *line, struct keg_err *err);
	void *ctx;
	int fd;
	struct keg_buf text; /* read, not yet a whole line */
};

static void reader_done(struct reader *rd)
{
	keg_buf_done(&rd->text);
	if (rd->fd >= 0)
		close(rd->fd);
}
KEG_AUTO(reader, reader_done)

static bool parse_line(char *line, size_t len, struct logs_line *out)
{
	char *stream = memchr(line, ' ', len);
	char *tag = stream ? memchr(stream + 1, ' ', len - (size_t)(stream + 1 - line)) : NULL;

	if (!tag || len - (size_t)(tag - line) < 3 || tag[2] != ' ')
		return false;
	*stream = *tag = '\0';
	*out = (struct logs_line){
		.is_stderr = strcmp(stream + 1, "stderr") == 0,
		.partial = tag[1] == 'P',
		.time = line,
		.text = tag + 3,
		.len = len - (size_t)(tag + 3 - line),
	};
	return true;
}

/* -1 before the wanted span, 0 in it, 1 after it. */
static int place_in_span(const struct logs_request *req, const char *time)
{
	struct timespec t;
	struct keg_err ignored;

	if ((!req->since && !req->until) || keg_time_parse(time, &t, &ignored) < 0)
		return 0;
	int64_t ns = (int64_t)t.tv_sec * KEG_NS_PER_S + t.tv_nsec;
	if (req->since && ns < req->since)
		return -1;
	return req->until && ns > req->until;
}

/* Give out the whole lines in rd->text; the rest stays. 1: past the wanted span. */
static int give_lines(struct reader *rd, struct keg_err *err)
{
	size_t at = 0;
	int r = 0;

	while (r == 0) {
		char *start = rd->text.len ? rd->text.data + at : NULL;
		char *end = start ? memchr(start, '\n', rd->text.len - at) : NULL;
		struct logs_line line;

		if (!end)
			break;
		at += (size_t)(end - start) + 1;
		if (!parse_line(start, (size_t)(end - start), &line))
			continue;
		int place = place_in_span(rd->req, line.time);
		r = place > 0 ? 1 : place < 0 ? 0 : rd->each(rd->ctx, &line, err);
	}
	if (at) {
		size_t left = rd->text.len - at;

		memmove(rd->text.data, rd->text.data + at, left);
		keg_buf_cut(&rd->text, left);
	}
	return r;
}

static int read_available(struct reader *rd, struct keg_err *err)
{
	for (;;) {
		if (rd->text.len > MAX_LINE)
			keg_buf_cut(&rd->text, 0);
		ssize_t n = read(rd->fd, keg_buf_reserve(&rd->text, CHUNK), CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return keg_fail_sys(err, errno, "read the log of container %s", rd->c->id);
		if (n == 0)
			return 0;
		rd->text.len += (size_t)n;
		int r = give_lines(rd, err);
		if (r != 0)
			return r;
	}
}

/* Count whole lines from the end back; the position after the newline before the first wanted. */
static int seek_tail(struct reader *rd, int64_t lines, struct keg_err *err)
{
	autofree char *block = keg_alloc(1, CHUNK);
	off_t end = lseek(rd->fd, 0, SEEK_END), at = end;
	int64_t found = -1; /* the newline that ends the last line counts for none before it */

	while (at > 0) {
		size_t n = at > CHUNK ? CHUNK : (size_t)at;

		at -= (off_t)n;
		if (pread(rd->fd, block, n, at) != (ssize_t)n)
			return keg_fail_sys(err, errno, "read the log of container %s", rd->c->id);
		for (size_t i = n; i-- > 0;) {
			if (block[i] == '\n' && ++found == lines) {
				lseek(rd->fd, at + (off_t)i + 1, SEEK_SET);
				return 0;
			}
		}
	}
	lseek(rd->fd, lines == 0 ? end : 0, SEEK_SET);
	return 0;
}

/* A log that reached its size limit starts again in a new file of the same name. */
static void reopen_if_replaced(struct reader *rd)
{
	struct stat open_one, named;

	if (fstat(rd->fd, &open_one) < 0 || stat(rd->c->record.log_path, &named) < 0)
		return;
	if (open_one.st_ino != named.st_ino) {
		int fresh = open(rd->c->record.log_path, O_RDONLY | O_CLOEXEC);

		if (fresh < 0)
			return;
		close(rd->fd);
		rd->fd = fresh;
	} else if (named.st_size < lseek(rd->fd, 0, SEEK_CUR)) {
		lseek(rd->fd, 0, SEEK_SET);
	}
}

static bool is_over(struct container *c)
{
	struct keg_err gone;

	if (container_read_state(c, &gone) < 0)
		return true;
	return c->state.status == CONTAINER_EXITED || !keg_exists(c->engine->containers, c->id);
}

static int follow(struct reader *rd, struct keg_err *err)
{
	autofd int watch = inotify_init1(IN_CLOEXEC);
	autofree char *dir = keg_path_dir(rd->c->record.log_path);

	if (watch < 0 ||
	    inotify_add_watch(watch, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE) < 0)
		return keg_fail_sys(err, errno, "watch the log of container %s", rd->c->id);
	for (;;) {
		struct pollfd p = { .fd = watch, .events = POLLIN };
		char events[4096];
		bool over = is_over(rd->c);
		int r = read_available(rd, err);

		if (r != 0 || over)
			return r < 0 ? r : 0;
		/* The log's folder need not be the one where the end is noted: look now and then.
		 */
		if (poll(&p, 1, FOLLOW_CHECK_MS) > 0 && read(watch, events, sizeof events) < 0 &&
		    errno != EINTR)
			return keg_fail_sys(err, errno, "watch the log of container %s", rd->c->id);
		reopen_if_replaced(rd);
	}
}

int logs_read(struct container *c, const struct logs_request *req,
	      int (*each)(void *ctx, const struct logs_line *line, struct keg_err *err), void *ctx,
	      struct keg_err *err)
{
	auto(reader) rd = { .c = c, .req = req, .each = each, .ctx = ctx, .fd = -1 };

	if (!c->record.log_driver || strcmp(c->record.log_driver, "k8s-file") != 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"this container is using the '%s' log driver, cannot read logs",
				c->record.log_driver ? c->record.log_driver : "none");
	rd.fd = open(c->record.log_path, O_RDONLY | O_CLOEXEC);
	if (rd.fd < 0 && errno == ENOENT && !req->follow)
		return 0; /* not started yet */
	if (rd.fd < 0)
		return keg_fail_sys(err, errno, "open %s", c->record.log_path);
	int r = req->tail >= 0 ? seek_tail(&rd, req->tail, err) : 0;
	if (r >= 0)
		r = read_available(&rd, err);
	if (r == 0 && req->follow)
		r = follow(&rd, err);
	return r < 0 ? r : 0;
}

int logs_time_parse(const char *option, const char *text, int64_t *out, struct keg_err *err)
{
	struct timespec t;
	struct keg_err ignored;
	uint64_t micro;
	int64_t ns;
	autofree char *as_date = keg_printf("%sT00:00:00Z", text);
	autofree char *as_utc = keg_printf("%sZ", text);

	if (keg_parse_micro(text, &micro, &ignored) >= 0) {
		*out = (int64_t)micro * 1000;
		return 0;
	}
	if (keg_time_parse(text, &t, &ignored) >= 0 || keg_time_parse(as_utc, &t, &ignored) >= 0 ||
	    keg_time_parse(as_date, &t, &ignored) >= 0) {
		*out = (int64_t)t.tv_sec * KEG_NS_PER_S + t.tv_nsec;
		return 0;
	}
	if (keg_duration_parse(text, &ns, &ignored) >= 0) {
		struct timespec now = keg_now();

		*out = (int64_t)now.tv_sec * KEG_NS_PER_S + now.tv_nsec - ns;
		return 0;
	}
	return keg_fail(err, KEG_EUSAGE, "parsing --%s \"%s\": unable to interpret time value",
			option, text);
}
