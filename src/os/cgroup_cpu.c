/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time and the cpuset, in both forms. */
#include "base/format.h"
#include "os/cgroup_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "base/strv.h"

enum { SETTINGS_MAX = 8, DEFAULT_PERIOD_US = 100000 };

#define ADD(file_, ...)                                                                 \
	do {                                                                            \
		settings[n].file = (file_);                                             \
		keg_format(settings[n++].value, sizeof settings[0].value, __VA_ARGS__); \
	} while (0)

static int apply_v1(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    const struct cgroup_resources *want, struct keg_err *err)
{
	struct cgroup_setting settings[SETTINGS_MAX];
	size_t n = 0;

	if (want->cpu.idle)
		ADD("cpu.idle", "%" PRId64, *want->cpu.idle);
	if (CGROUP_ASKED(want->cpu.shares))
		ADD("cpu.shares", "%" PRIu64, *want->cpu.shares);
	if (CGROUP_ASKED(want->cpu.period))
		ADD("cpu.cfs_period_us", "%" PRIu64, *want->cpu.period);
	if (CGROUP_ASKED(want->cpu.quota))
		ADD("cpu.cfs_quota_us", "%" PRId64, *want->cpu.quota);
	if (want->cpu.burst)
		ADD("cpu.cfs_burst_us", "%" PRIu64, *want->cpu.burst);
	if (CGROUP_ASKED(want->cpu.realtime_period))
		ADD("cpu.rt_period_us", "%" PRIu64, *want->cpu.realtime_period);
	if (CGROUP_ASKED(want->cpu.realtime_runtime))
		ADD("cpu.rt_runtime_us", "%" PRId64, *want->cpu.realtime_runtime);
	return cgroup_files_settle(group, h, settings, n, err);
}

static int apply_v2(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    const struct cgroup_resources *want, struct keg_err *err)
{
	struct cgroup_setting settings[SETTINGS_MAX];
	uint64_t period = CGROUP_ASKED(want->cpu.period) ? *want->cpu.period : 0;
	size_t n = 0;

	if (CGROUP_ASKED(want->cpu.realtime_period) || CGROUP_ASKED(want->cpu.realtime_runtime))
		return keg_fail(err, KEG_EUNSUPPORTED, "cgroup v2 has no real-time cpu limits");
	if (want->cpu.idle)
		ADD("cpu.idle", "%" PRId64, *want->cpu.idle);
	/* An idle group has no weight of its own: setting it is an error. */
	if (CGROUP_ASKED(want->cpu.shares) && !CGROUP_ASKED(want->cpu.idle))
		ADD("cpu.weight", "%" PRIu64, cgroup_weight_of_shares(*want->cpu.shares));
	if (CGROUP_ASKED(want->cpu.quota) && *want->cpu.quota > 0)
		ADD("cpu.max", "%" PRId64 " %" PRIu64, *want->cpu.quota,
		    period ? period : DEFAULT_PERIOD_US);
	else if (CGROUP_ASKED(want->cpu.quota) || period)
		ADD("cpu.max", "max %" PRIu64, period ? period : DEFAULT_PERIOD_US);
	if (want->cpu.burst)
		ADD("cpu.max.burst", "%" PRIu64, *want->cpu.burst);
	return cgroup_files_settle(group, h, settings, n, err);
}

bool cgroup_cpu_max_parse(char *text, int64_t *quota, uint64_t *period)
{
	char *space = text ? strchr(text, ' ') : NULL;
	struct keg_err ignored;

	if (!space)
		return false;
	*space++ = '\0';
	space[strcspn(space, "\n")] = '\0';
	*quota = -1;
	return (strcmp(text, "max") == 0 || keg_parse_i64(text, quota, &ignored) >= 0) &&
	       keg_parse_u64(space, period, &ignored) >= 0;
}

/* The group's quota (-1: none) and period; false: not to be had. */
static bool read_quota(const struct cgroup *group, int64_t *quota, uint64_t *period)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);
	const struct cgroup_hierarchy *v1 = cgroup_hierarchy_find(group, CGROUP_CPU);
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;
	uint64_t limit;

	if (v1 && !v1->v2) {
		/* -1 is no number to cgroup_file_number(). */
		*quota = cgroup_file_number(group, v1, "cpu.cfs_quota_us", &limit) ? (int64_t)limit
										   : -1;
		return cgroup_file_number(group, v1, "cpu.cfs_period_us", period);
	}
	return v2 && cgroup_file_read(group, v2, "cpu.max", &text, &ignored) >= 0 &&
	       cgroup_cpu_max_parse(text.data, quota, period);
}

void cgroup_complete(struct cgroup *group, struct cgroup_resources *want, struct keg_arena *arena)
{
	int64_t *quota = keg_arena_alloc(arena, 1, sizeof *quota);
	uint64_t *period = keg_arena_alloc(arena, 1, sizeof *period);

	if (!CGROUP_ASKED(want->cpu.quota) == !CGROUP_ASKED(want->cpu.period) ||
	    !read_quota(group, quota, period))
		return;
	if (CGROUP_ASKED(want->cpu.quota))
		want->cpu.period = period;
	else
		want->cpu.quota = quota;
}

int cgroup_cpu_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
		     const struct cgroup_resources *want, struct keg_err *err)
{
	return h->v2 ? apply_v2(group, h, want, err) : apply_v1(group, h, want, err);
}

int cgroup_cpuset_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const struct cgroup_resources *want, struct keg_err *err)
{
	int r = 0;

	if (!keg_str_empty(want->cpu.cpus))
		r = cgroup_file_write(group, h, "cpuset.cpus", want->cpu.cpus, err);
	if (r >= 0 && !keg_str_empty(want->cpu.mems))
		r = cgroup_file_write(group, h, "cpuset.mems", want->cpu.mems, err);
	return r;
}
