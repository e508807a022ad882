/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "monitor/protocol.h"
#include "os/cgroup.h"

enum { MARK_MODE = 0644, EVENTS_MAX = 4096 };

static void make_mark(int dirfd, const char *dir)
{
	autofree char *path =
		dir ? keg_path_join(dir, MONITOR_FILE_OOM) : keg_strdup(MONITOR_FILE_OOM);
	autofd int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MARK_MODE);

	if (fd < 0)
		keg_debug("oom: %s: %s", path, strerrordesc_np(errno));
}

static void mark(struct oom *oom)
{
	if (oom->marked)
		return;
	oom->marked = true;
	make_mark(oom->bundle, NULL);
	if (oom->persist_dir)
		make_mark(AT_FDCWD, oom->persist_dir);
}

/* Does a line "NAME N" in the group's file `name` have an N above zero? */
static bool counts(const struct oom *oom, const char *name, const char *const words[])
{
	autofree char *path = keg_path_join(oom->folder, name);
	auto(keg_buf) text = { 0 };
	auto(keg_strv) lines = { 0 };
	struct keg_err err;

	if (keg_file_read(AT_FDCWD, path, EVENTS_MAX, &text, &err) < 0)
		return false; /* the group is gone */
	keg_strv_split(&lines, keg_buf_text(&text), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		for (size_t w = 0; words[w]; w++) {
			const char *number = keg_str_after(lines.v[i], words[w]);
			uint64_t n;

			if (number && keg_parse_u64(number, &n, &err) == 0 && n > 0)
				return true;
		}
	}
	return false;
}

static void look(struct oom *oom)
{
	static const char *const v1[] = { "oom_kill ", "under_oom ", NULL };
	static const char *const v2[] = { "oom_kill ", "oom ", NULL };

	if (oom->folder &&
	    (oom->v2 ? counts(oom, "memory.events", v2) : counts(oom, "memory.oom_control", v1)))
		mark(oom);
}

static void on_event(struct loop_source *source, uint32_t events)
{
	char discard[4096];

	(void)events;
	if (read(source->fd, discard, sizeof discard) < 0 && errno != EAGAIN)
		loop_close_source(((struct oom *)source->owner)->loop, source);
	else
		look(source->owner);
}

void oom_watch(struct oom *oom, pid_t container)
{
	autoptr(cgroup) group = NULL;
	struct keg_err err;

	if (cgroup_open_pid(container, &group, &err) < 0) {
		keg_debug("oom: %s", err.msg);
		return;
	}
	oom->folder = cgroup_folder(group, "memory");
	oom->v2 = cgroup_is_unified(group);

	struct cgroup_oom watch = { .fd = -1 };
	int r = cgroup_oom_open(group, &watch, &err);
	oom->source = (struct loop_source){ .fd = watch.fd, .ready = on_event, .owner = oom };
	if (r >= 0)
		r = loop_watch(oom->loop, &oom->source, EPOLLIN, &err);
	if (r < 0)
		keg_debug("oom: %s", err.msg);
}

void oom_finish(struct oom *oom)
{
	look(oom);
	loop_close_source(oom->loop, &oom->source);
}
