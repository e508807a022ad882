/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezing. v2 reports in cgroup.events when all processes have stopped. v1's freezer only
 * says so when asked, and can hang in FREEZING while processes fork: it is asked again.
 */
#include <fcntl.h>
#include <string.h>

#include "os/cgroup.h"
#include "os/cgroup_internal.h"

enum { STATE_TEXT_MAX = 32 };

/* The file's text without the newline, "" when there is none. */
static void read_state(const struct cgroup *group, const struct cgroup_hierarchy *h,
		       const char *file, char out[STATE_TEXT_MAX])
{
	autofd int fd = cgroup_file_open(group, h, h->path, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, STATE_TEXT_MAX - 1);

	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static int no_freezer(struct keg_err *err)
{
	return keg_fail(err, KEG_EUNSUPPORTED, "the container's cgroup has no freezer");
}

static int freeze_v1(const struct cgroup *group, const struct cgroup_hierarchy *h,
		     struct keg_err *err)
{
	int64_t deadline = cgroup_clock_ms() + CGROUP_PATIENCE_MS;
	char state[STATE_TEXT_MAX];
	struct keg_err ignored;
	unsigned turn = 0;

	for (;;) {
		int r = cgroup_file_write(group, h, "freezer.state", "FROZEN", err);

		if (r < 0)
			return r;
		read_state(group, h, "freezer.state", state);
		if (strcmp(state, "FROZEN") == 0)
			return 0;
		if (cgroup_clock_ms() >= deadline)
			break;
		cgroup_pause(&turn);
	}
	if (cgroup_file_write(group, h, "freezer.state", "THAWED", &ignored) < 0)
		return keg_fail(err, KEG_EBUSY, "control group %s can neither be frozen nor thawed",
				h->path);
	return keg_fail(err, KEG_EBUSY, "control group %s does not freeze", h->path);
}

static int freeze_v2(const struct cgroup *group, const struct cgroup_hierarchy *h,
		     struct keg_err *err)
{
	struct keg_err ignored;
	int r = cgroup_file_write(group, h, "cgroup.freeze", "1", err);

	if (r < 0 ||
	    cgroup_event_wait(group, h, "frozen 1", cgroup_clock_ms() + CGROUP_PATIENCE_MS))
		return r;
	if (cgroup_file_write(group, h, "cgroup.freeze", "0", &ignored) < 0)
		return keg_fail(err, KEG_EBUSY, "control group %s can neither be frozen nor thawed",
				h->path);
	return keg_fail(err, KEG_EBUSY, "control group %s does not freeze", h->path);
}

int cgroup_freeze(struct cgroup *group, struct keg_err *err)
{
	const struct cgroup_hierarchy *v1 = cgroup_hierarchy_find(group, CGROUP_FREEZER);
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);

	if (v1)
		return freeze_v1(group, v1, err);
	return v2 ? freeze_v2(group, v2, err) : no_freezer(err);
}

int cgroup_thaw(struct cgroup *group, struct keg_err *err)
{
	const struct cgroup_hierarchy *v1 = cgroup_hierarchy_find(group, CGROUP_FREEZER);
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);
	int r;

	if (v1)
		return cgroup_file_write(group, v1, "freezer.state", "THAWED", err);
	if (!v2)
		return no_freezer(err);
	r = cgroup_file_write(group, v2, "cgroup.freeze", "0", err);
	if (r >= 0 &&
	    !cgroup_event_wait(group, v2, "frozen 0", cgroup_clock_ms() + CGROUP_PATIENCE_MS))
		return keg_fail(err, KEG_EBUSY, "control group %s does not thaw", v2->path);
	return r;
}

int cgroup_is_frozen(const struct cgroup *group, struct keg_err *err)
{
	const struct cgroup_hierarchy *v1 = cgroup_hierarchy_find(group, CGROUP_FREEZER);
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);
	char state[STATE_TEXT_MAX];

	(void)err;
	if (v1) {
		read_state(group, v1, "freezer.state", state);
		return state[0] && strcmp(state, "THAWED") != 0;
	}
	if (!v2)
		return 0;
	read_state(group, v2, "cgroup.freeze", state);
	return strcmp(state, "1") == 0;
}
