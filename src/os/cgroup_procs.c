/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a group: entering, listing, signalling. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "os/cgroup.h"
#include "os/cgroup_internal.h"

enum { PROCS_MAX = 64 << 20, DELEGATE_MAX = 4096 };

int cgroup_prepare(struct cgroup *group, struct keg_err *err)
{
	for (size_t i = 0; i < group->n; i++) {
		struct cgroup_hierarchy *h = &group->at[i];

		if (!h->path || h->entry >= 0)
			continue;
		h->entry = h->v2 ? cgroup_file_open(group, h, h->path, NULL, O_RDONLY | O_DIRECTORY)
				 : cgroup_file_open(group, h, h->path, "tasks", O_WRONLY);
		if (h->entry < 0)
			return keg_fail_sys(err, errno, "open the control group %s of %s", h->path,
					    h->folder);
	}
	return 0;
}

int cgroup_clone_fd(const struct cgroup *group)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);

	return v2 ? v2->entry : -1;
}

/*
 * In v1 a thread may move itself by writing 0 to `tasks` without the kernel's lock over all
 * forks and exits, which costs a grace period; the only thread is the process.
 */
int cgroup_enter(const struct cgroup *group, bool cloned, struct keg_err *err)
{
	for (size_t i = 0; i < group->n; i++) {
		const struct cgroup_hierarchy *h = &group->at[i];
		autofd int procs = -1;

		if (!h->path || (h->v2 && cloned))
			continue;
		if (h->v2)
			procs = openat(h->entry, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (write(h->v2 ? procs : h->entry, "0", 1) < 0)
			return keg_fail_sys(err, errno, "join the control group %s of %s", h->path,
					    h->folder);
	}
	return 0;
}

int cgroup_add(const struct cgroup *group, pid_t pid, struct keg_err *err)
{
	autofree char *number = keg_printf("%d", (int)pid);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < group->n; i++) {
		if (group->at[i].path)
			r = cgroup_file_write(group, &group->at[i], "cgroup.procs", number, err);
	}
	return r;
}

int cgroup_chown(const struct cgroup *group, uid_t uid, gid_t gid, struct keg_err *err)
{
	/* cgroups(7), "Cgroup delegation", for a kernel that does not say (before 4.15). */
	static const char oldest[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads";
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);
	auto(keg_buf) text = { 0 };
	auto(keg_strv) files = { 0 };
	struct keg_err ignored;

	if (!v2)
		return 0;
	if (keg_file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", DELEGATE_MAX, &text, &ignored) <
	    0)
		keg_buf_puts(&text, oldest);
	keg_strv_split(&files, keg_buf_text(&text), '\n');

	autofd int fd = cgroup_file_open(group, v2, v2->path, NULL, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || fchown(fd, uid, gid) < 0)
		return keg_fail_sys(err, errno, "chown the control group %s", v2->path);
	for (size_t i = 0; i < files.n; i++) {
		if (files.v[i][0] && fchownat(fd, files.v[i], uid, gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return keg_fail_sys(err, errno, "chown %s of control group %s", files.v[i],
					    v2->path);
	}
	return 0;
}

/* --- listing ----------------------------------------------------------------------------- */

struct pids {
	pid_t *v;
	size_t n, room;
};

static void add_pid(struct pids *list, pid_t pid)
{
	if (list->n == list->room) {
		list->room = list->room ? list->room * 2 : 64;
		list->v = keg_realloc(list->v, list->room, sizeof *list->v);
	}
	list->v[list->n++] = pid;
}

static int read_pids(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *path,
		     void *data, struct keg_err *err)
{
	char name[PATH_MAX];
	auto(keg_buf) text = { 0 };

	if (cgroup_file_name(name, h, path, "cgroup.procs") < 0)
		return keg_fail_sys(err, errno, "list the processes of group %s", path);

	int r = keg_file_read(group->root, name, PROCS_MAX, &text, err);
	/* A threaded group has none of its own (the group above lists them); one may vanish. */
	if (r < 0 && (r == -KEG_EUNSUPPORTED || r == -KEG_ENOTFOUND || err->sys == ENODEV))
		return 0;
	if (r < 0)
		return r;
	for (char *at_line = text.data, *line; (line = strsep(&at_line, "\n"));) {
		int pid;

		if (line[0] && keg_parse_int(line, &pid, err) >= 0 && pid > 0)
			add_pid(data, pid);
	}
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* v1 may list a pid twice, and a process can move while we walk. */
static size_t sort_once(pid_t *v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof *v, compare_pids);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || v[kept - 1] != v[i])
			v[kept++] = v[i];
	}
	return kept;
}

/* The hierarchy to ask: all processes are in each; v2 where possible. */
static const struct cgroup_hierarchy *any_hierarchy(const struct cgroup *group)
{
	const struct cgroup_hierarchy *found = cgroup_hierarchy_v2(group);

	for (size_t i = 0; !found && i < group->n; i++) {
		if (group->at[i].path)
			found = &group->at[i];
	}
	return found;
}

int cgroup_pids(const struct cgroup *group, pid_t **pids, size_t *n, struct keg_err *err)
{
	const struct cgroup_hierarchy *h = any_hierarchy(group);
	struct pids list = { 0 };

	if (!h) {
		*pids = NULL;
		*n = 0;
		return 0;
	}
	int r = read_pids(group, h, h->path, &list, err);
	if (r >= 0)
		r = cgroup_walk(group, h, read_pids, &list, err);
	if (r < 0) {
		free(list.v);
		return r;
	}
	*n = sort_once(list.v, list.n);
	*pids = list.v;
	return 0;
}

/* --- signalling -------------------------------------------------------------------------- */

/* Send to all that are listed; how many got it, or negative. */
static int signal_listed(const struct cgroup *group, int sig, struct keg_err *err)
{
	autofree pid_t *pids = NULL;
	size_t n = 0;
	int sent = 0, r = cgroup_pids(group, &pids, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (kill(pids[i], sig) == 0)
			sent++;
		else if (errno != ESRCH)
			return keg_fail_sys(err, errno, "signal process %d", (int)pids[i]);
	}
	return sent;
}

/* A pid may only be reused once its process is gone: while frozen none goes. */
static int signal_frozen(struct cgroup *group, int sig, struct keg_err *err)
{
	struct keg_err ignored;
	int was = cgroup_is_frozen(group, &ignored);
	bool froze = was == 0 && cgroup_freeze(group, &ignored) >= 0;
	int r = signal_listed(group, sig, err);

	if (froze || (was > 0 && sig == SIGKILL)) {
		int thawed = cgroup_thaw(group, r < 0 ? &ignored : err);

		r = r < 0 ? r : thawed;
	}
	return r;
}

int cgroup_signal(struct cgroup *group, int sig, struct keg_err *err)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);

	if (sig == SIGKILL && v2) {
		struct keg_err ignored;

		int r = cgroup_file_write(group, v2, "cgroup.kill", "1", &ignored);
		/* Killed or not, what v1 has frozen stays until it is thawed. */
		if (r >= 0 && cgroup_hierarchy_find(group, CGROUP_FREEZER))
			return cgroup_thaw(group, err);
		if (r >= 0 || ignored.sys == ENOENT)
			return 0;
	}

	int r = signal_frozen(group, sig, err);
	return r < 0 ? r : 0;
}
