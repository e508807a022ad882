/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting: the groups below first. The kernel refuses while a process is in one of them, and dying
 * ones are in it for a while.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "os/cgroup.h"
#include "os/cgroup_internal.h"

static int remove_folder(const struct cgroup *group, const struct cgroup_hierarchy *h,
			 const char *path)
{
	char name[PATH_MAX];

	if (cgroup_file_name(name, h, path, NULL) < 0)
		return errno;
	if (unlinkat(group->root, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno;
}

static int remove_below(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const char *path, void *data, struct keg_err *err)
{
	int *busy = data;
	int sys = remove_folder(group, h, path);

	if (sys == EBUSY)
		*busy = EBUSY;
	else if (sys)
		return keg_fail_sys(err, sys, "remove the control group " CGROUP_ROOT "/%s%s",
				    h->folder, path);
	return 0;
}

/* One attempt; 1: someone still uses it. */
static int try_delete(const struct cgroup *group, struct cgroup_hierarchy *h, struct keg_err *err)
{
	int sys = remove_folder(group, h, h->path), busy = 0;

	if (sys == EBUSY) {
		int r = cgroup_walk(group, h, remove_below, &busy, err);

		if (r < 0)
			return r;
		sys = busy ? busy : remove_folder(group, h, h->path);
	}
	if (sys && sys != EBUSY)
		return keg_fail_sys(err, sys, "remove the control group " CGROUP_ROOT "/%s%s",
				    h->folder, h->path);
	return sys == EBUSY;
}

static int delete_in(const struct cgroup *group, struct cgroup_hierarchy *h, int64_t deadline,
		     struct keg_err *err)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);
	unsigned turn = 0;

	for (;;) {
		int r = try_delete(group, h, err);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		if (cgroup_clock_ms() >= deadline)
			return keg_fail(err, KEG_EBUSY,
					"the control group " CGROUP_ROOT
					"/%s%s still has processes",
					h->folder, h->path);
		/* Dying processes leave all hierarchies at once, and only v2 tells. */
		if (v2 && !cgroup_event_wait(group, v2, "populated 0", deadline))
			continue;
		if (!v2 || turn > 0)
			cgroup_pause(&turn);
		else
			turn++;
	}
	return 0;
}

bool cgroup_delete_idle(struct cgroup *group)
{
	for (size_t i = 0; i < group->n; i++) {
		struct cgroup_hierarchy *h = &group->at[i];

		if (h->path && remove_folder(group, h, h->path) == 0)
			free(take_ptr(&h->path));
	}
	return !cgroup_exists(group);
}

int cgroup_delete(struct cgroup *group, struct keg_err *err)
{
	int64_t deadline = cgroup_clock_ms() + CGROUP_PATIENCE_MS;
	int result = 0;

	/* v2 comes last, as its events are what tells when the others are free. */
	for (int v2 = 0; v2 < 2; v2++) {
		for (size_t i = 0; i < group->n; i++) {
			struct cgroup_hierarchy *h = &group->at[i];
			struct keg_err own;

			if (!h->path || h->v2 != (bool)v2)
				continue;

			int r = delete_in(group, h, deadline, result < 0 ? &own : err);
			if (r < 0)
				result = result < 0 ? result : r;
			else
				free(take_ptr(&h->path));
		}
	}
	return result;
}
