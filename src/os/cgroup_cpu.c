/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time and the cpuset, in both forms. */
#include "os/cgroup_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/strv.h"

enum { SETTINGS_MAX = 8, DEFAULT_PERIOD_US = 100000 };

#define ADD(file_, ...)                                                               \
	do {                                                                          \
		settings[n].file = (file_);                                           \
		snprintf(settings[n++].value, sizeof settings[0].value, __VA_ARGS__); \
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
