/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

/* "STAMP stdout ", then "F " */
enum { LOG_MODE = 0640, PREFIX_LEN = STAMP_LEN + 8, TAG_LEN = 2 };

/* Lines gathered for one write(2). */
struct batch {
	struct logfile *file;
	char *text;
	size_t len;
};

static int open_name(struct logfile *file, const char *name, int flags)
{
	return openat(file->dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags,
		      LOG_MODE);
}

int logfile_open(struct logfile *file, const char *path, struct keg_err *err)
{
	autofree char *dir = keg_path_dir(path);
	autofd int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dirfd < 0)
		return keg_fail_sys(err, errno, "Failed to open log file %s", path);
	file->dirfd = dirfd;
	file->name = keg_path_base(path);
	file->fd = open_name(file, file->name, 0);
	if (file->fd < 0) {
		file->dirfd = -1;
		return keg_fail_sys(err, errno, "Failed to open log file %s", path);
	}
	if (fstat(file->fd, &st) == 0 && S_ISREG(st.st_mode))
		file->size = st.st_size;
	take_fd(&dirfd);
	return 0;
}

static void replace_fd(struct logfile *file, int fd)
{
	struct stat st;

	if (fd < 0)
		return; /* the old file is better than none */
	close(file->fd);
	file->fd = fd;
	file->size = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : 0;
}

/* name -> name.1 -> name.2 ... ; the last one falls off. */
static void shift_backups(const struct logfile *file)
{
	for (int i = file->backups; i > 0; i--) {
		autofree char *to = keg_printf("%s.%d", file->name, i);
		autofree char *from =
			i > 1 ? keg_printf("%s.%d", file->name, i - 1) : keg_strdup(file->name);

		if (renameat(file->dirfd, from, file->dirfd, to) < 0 && errno != ENOENT)
			keg_debug("log: rename %s: %s", from, strerrordesc_np(errno));
	}
}

/* The size limit is reached. A new file, not a truncated one: a reader keeps the old whole. */
static void start_over(struct logfile *file)
{
	if (file->backups) {
		shift_backups(file);
		replace_fd(file, open_name(file, file->name, 0));
		return;
	}

	autofree char *fresh = keg_printf("%s.tmp", file->name);
	autofd int fd = open_name(file, fresh, O_TRUNC);

	if (fd >= 0 && renameat(file->dirfd, fresh, file->dirfd, file->name) == 0)
		replace_fd(file, take_fd(&fd));
}

void logfile_reopen(struct logfile *file)
{
	if (file->fd < 0)
		return;
	if (file->backups)
		shift_backups(file);
	replace_fd(file, open_name(file, file->name, 0));
}

static void flush(struct batch *batch)
{
	struct keg_err err;

	if (batch->len && keg_write_all(batch->file->fd, batch->text, batch->len, &err) < 0)
		keg_debug("log: %s", err.msg);
	batch->len = 0;
}

static void add_line(struct batch *batch, const char *prefix, const char *data, size_t len)
{
	struct logfile *file = batch->file;
	bool whole = len && data[len - 1] == '\n';
	size_t all = PREFIX_LEN + TAG_LEN + len + !whole;

	if (file->total_max > 0 && file->total + (int64_t)all > file->total_max)
		return;
	if (file->size_max > 0 && file->size + (int64_t)all > file->size_max) {
		flush(batch);
		start_over(file);
	}
	if (batch->len + all > SPACE_LOG)
		flush(batch);

	char *at = batch->text + batch->len;
	at = mempcpy(at, prefix, PREFIX_LEN);
	at = mempcpy(at, whole ? "F " : "P ", TAG_LEN);
	at = mempcpy(at, data, len);
	if (!whole)
		*at = '\n';
	batch->len += all;
	file->size += (int64_t)all;
	file->total += (int64_t)all;
}

void logfile_write(struct logfile *file, struct monitor_space *space, enum monitor_stream stream,
		   const char *data, size_t len)
{
	struct batch batch = { .file = file, .text = space->log };
	const char *end = data + len;
	char prefix[PREFIX_LEN + 1];

	if (file->fd < 0)
		return;
	snprintf(prefix, sizeof prefix, "%s %s ", stamp_text(&file->stamp, keg_now()),
		 stream == MONITOR_STDOUT ? "stdout" : "stderr");
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *next = newline ? newline + 1 : end;

		add_line(&batch, prefix, data, (size_t)(next - data));
		data = next;
	}
	flush(&batch);
}

void logfile_sync(const struct logfile *file)
{
	if (file->fd >= 0 && fsync(file->fd) < 0)
		keg_debug("log: sync: %s", strerrordesc_np(errno));
}
