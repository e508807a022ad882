/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearing at once that a group runs out of memory: v1 writes to an eventfd that it was told of,
 * when it begins to look for somebody to kill; v2 changes memory.events when it has killed.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "os/cgroup.h"
#include "os/cgroup_internal.h"
#include "os/path.h"

#define V1_FILE "memory.oom_control"
#define V2_FILE "memory.events"

enum { LINE_MAX_LEN = 32, NOTICES_MAX = 4096 };

static const struct cgroup_hierarchy *memory_of(const struct cgroup *group)
{
	const struct cgroup_hierarchy *h = cgroup_hierarchy_find(group, CGROUP_MEMORY);

	return h ? h : cgroup_hierarchy_v2(group);
}

static uint64_t kills(const struct cgroup *group, const struct cgroup_hierarchy *h)
{
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;
	uint64_t n = 0;

	if (cgroup_file_read(group, h, V2_FILE, &text, &ignored) < 0 ||
	    !cgroup_text_number(keg_buf_text(&text), "oom_kill", &n))
		return 0;
	return n;
}

/* The kernel is told "EVENTFD FILE"; it keeps what it needs of both. */
static int open_v1(const struct cgroup *group, const struct cgroup_hierarchy *h)
{
	autofd int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	autofd int control = cgroup_file_open(group, h, h->path, "cgroup.event_control", O_WRONLY);
	autofd int file = cgroup_file_open(group, h, h->path, V1_FILE, O_RDONLY);
	char line[LINE_MAX_LEN];

	if (event < 0 || control < 0 || file < 0)
		return -1;
	snprintf(line, sizeof line, "%d %d", event, file);
	return write(control, line, strlen(line)) < 0 ? -1 : take_fd(&event);
}

static int open_v2(const struct cgroup *group, const struct cgroup_hierarchy *h)
{
	autofd int file = cgroup_file_open(group, h, h->path, V2_FILE, O_RDONLY);
	autofd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[PATH_FD_MAX];

	if (file < 0 || watch < 0 ||
	    inotify_add_watch(watch, path_of_fd(file, path), IN_MODIFY) < 0)
		return -1;
	return take_fd(&watch);
}

int cgroup_oom_open(const struct cgroup *group, struct cgroup_oom *out, struct keg_err *err)
{
	const struct cgroup_hierarchy *h = memory_of(group);

	if (!h)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"the container's cgroup has no memory controller");
	/* What was before is no news. */
	uint64_t before = h->v2 ? kills(group, h) : 0;
	int fd = h->v2 ? open_v2(group, h) : open_v1(group, h);
	if (fd < 0)
		return keg_fail_sys(err, errno, "watch %s of group %s", h->v2 ? V2_FILE : V1_FILE,
				    h->path);
	*out = (struct cgroup_oom){ .fd = fd, .seen = before };
	return 0;
}

uint64_t cgroup_oom_take(struct cgroup_oom *oom, const struct cgroup *group)
{
	const struct cgroup_hierarchy *h = memory_of(group);
	union {
		char notices[NOTICES_MAX];
		uint64_t count;
	} got;
	ssize_t n = read(oom->fd, &got, sizeof got);

	if (!h || !cgroup_file_exists(group, h, h->v2 ? V2_FILE : V1_FILE))
		return 0; /* v1 says that a group goes in the same way */
	if (!h->v2)
		return n == sizeof got.count ? got.count : 0;

	uint64_t now = kills(group, h), more = now > oom->seen ? now - oom->seen : 0;
	oom->seen += more;
	return more;
}

void cgroup_oom_close(struct cgroup_oom *oom)
{
	if (oom->fd >= 0)
		close(take_fd(&oom->fd));
}
