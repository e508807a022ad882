/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. v1 limits memory and the sum of memory and swap, v2 memory and swap apart; the
 * specification speaks v1.
 */
#include "base/format.h"
#include "os/cgroup_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

enum { UNLIMITED = -1, SETTINGS_MAX = 4 };

static void add(struct cgroup_setting *settings, size_t *n, const char *file, int64_t value)
{
	settings[*n].file = file;
	keg_format(settings[*n].value, CGROUP_VALUE_MAX, "%" PRId64, value);
	(*n)++;
}

/* v2's word for no limit. */
static void add_max(struct cgroup_setting *settings, size_t *n, const char *file, int64_t value)
{
	add(settings, n, file, value);
	if (value == UNLIMITED)
		keg_format(settings[*n - 1].value, CGROUP_VALUE_MAX, "max");
}

/* What no kernel since 5.16 can do, and the specification lets be passed over. */
static int try_kernel_limit(const struct cgroup *group, const struct cgroup_hierarchy *h,
			    int64_t limit, struct keg_err *err)
{
	static const char file[] = "memory.kmem.limit_in_bytes";
	struct cgroup_setting setting;
	size_t n = 0;

	add(&setting, &n, file, limit);
	int r = cgroup_file_write(group, h, file, setting.value, err);

	return r == -KEG_EUNSUPPORTED || r == -KEG_ENOTFOUND ? 0 : r;
}

/* The kernel only says EBUSY when a limit is below what is in use already. */
static int explain_v1(const struct cgroup *group, const struct cgroup_hierarchy *h, int64_t limit,
		      struct keg_err *err)
{
	uint64_t usage = 0, peak = 0;

	if (err->sys != EBUSY || !cgroup_file_number(group, h, "memory.usage_in_bytes", &usage) ||
	    !cgroup_file_number(group, h, "memory.max_usage_in_bytes", &peak))
		return -(int)err->code;
	return keg_fail(err, KEG_EBUSY,
			"unable to set memory limit to %" PRId64 " (current usage: %" PRIu64
			", peak usage: %" PRIu64 ")",
			limit, usage, peak);
}

static int apply_v1(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    const struct cgroup_resources *want, struct keg_err *err)
{
	struct cgroup_setting settings[SETTINGS_MAX];
	int64_t limit = want->memory.limit ? *want->memory.limit : 0;
	int64_t swap = want->memory.swap ? *want->memory.swap : 0;
	size_t n = 0;
	int r = 0;

	if (limit == UNLIMITED && swap == 0 &&
	    cgroup_file_exists(group, h, "memory.memsw.limit_in_bytes"))
		swap = UNLIMITED; /* no limit makes no sense below one of memory and swap */
	if (limit)
		add(settings, &n, "memory.limit_in_bytes", limit);
	if (swap)
		add(settings, &n, "memory.memsw.limit_in_bytes", swap);
	if (CGROUP_ASKED(want->memory.reservation))
		add(settings, &n, "memory.soft_limit_in_bytes", *want->memory.reservation);
	if (cgroup_files_settle(group, h, settings, n, err) < 0)
		return explain_v1(group, h, limit, err);

	n = 0;
	if (CGROUP_ASKED(want->memory.kernel_tcp))
		add(settings, &n, "memory.kmem.tcp.limit_in_bytes", *want->memory.kernel_tcp);
	if (want->memory.swappiness)
		add(settings, &n, "memory.swappiness", (int64_t)*want->memory.swappiness);
	if (CGROUP_ASKED(want->memory.disable_oom_killer))
		add(settings, &n, "memory.oom_control", 1);
	r = cgroup_files_settle(group, h, settings, n, err);
	if (r >= 0 && CGROUP_ASKED(want->memory.kernel))
		r = try_kernel_limit(group, h, *want->memory.kernel, err);
	return r;
}

int cgroup_memory_swap_v2(const struct cgroup_resources *want, int64_t *out, struct keg_err *err)
{
	int64_t limit = want->memory.limit ? *want->memory.limit : 0;
	int64_t both = want->memory.swap ? *want->memory.swap : 0;

	/* Memory without a limit means swap as well, as in v1 where one is part of the other. */
	if (both == UNLIMITED || (both == 0 && limit == UNLIMITED)) {
		*out = UNLIMITED;
		return 1;
	}
	if (both == 0)
		return 0;
	if (limit == 0 || limit == UNLIMITED)
		return keg_fail(err, KEG_EUSAGE, "unable to set swap limit without memory limit");
	if (both < limit)
		return keg_fail(err, KEG_EUSAGE,
				"memory+swap limit %" PRId64 " is below memory limit %" PRId64,
				both, limit);
	*out = both - limit;
	return 1;
}

static int refuse_v1_only(const struct cgroup_resources *want, struct keg_err *err)
{
	const char *what = CGROUP_ASKED(want->memory.disable_oom_killer) ? "disableOOMKiller"
			   : CGROUP_ASKED(want->memory.swappiness)	 ? "swappiness"
			   : CGROUP_ASKED(want->memory.kernel_tcp)	 ? "kernelTCP"
									 : NULL;

	return what ? keg_fail(err, KEG_EUNSUPPORTED, "cgroup v2 has no memory %s", what) : 0;
}

/* v2 takes a limit below the usage and kills; who asks for the check wants v1's refusal. */
static int check_usage(const struct cgroup *group, const struct cgroup_hierarchy *h,
		       const struct cgroup_resources *want, struct keg_err *err)
{
	uint64_t usage;
	int64_t limit = want->memory.limit ? *want->memory.limit : 0;

	if (!want->memory.check_before_update || limit <= 0 ||
	    !cgroup_file_number(group, h, "memory.current", &usage) || (uint64_t)limit >= usage)
		return 0;
	return keg_fail(err, KEG_EBUSY,
			"rejecting memory limit %" PRId64 ", which is below current usage %" PRIu64,
			limit, usage);
}

int cgroup_check(struct cgroup *group, const struct cgroup_resources *want, struct keg_err *err)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);

	return v2 ? check_usage(group, v2, want, err) : 0;
}

static int apply_v2(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    const struct cgroup_resources *want, struct keg_err *err)
{
	struct cgroup_setting settings[SETTINGS_MAX];
	int64_t swap = 0;
	size_t n = 0;
	int r = refuse_v1_only(want, err);

	if (r >= 0)
		r = check_usage(group, h, want, err);
	if (r >= 0)
		r = cgroup_memory_swap_v2(want, &swap, err);
	if (r < 0)
		return r;
	if (r > 0) {
		/* A kernel without swap accounting limits it to nothing or not at all anyway. */
		bool moot = swap == 0 || swap == UNLIMITED;

		if (!moot || cgroup_file_exists(group, h, "memory.swap.max"))
			add_max(settings, &n, "memory.swap.max", swap);
	}
	if (CGROUP_ASKED(want->memory.limit))
		add_max(settings, &n, "memory.max", *want->memory.limit);
	if (CGROUP_ASKED(want->memory.reservation))
		add_max(settings, &n, "memory.low", *want->memory.reservation);
	return cgroup_files_settle(group, h, settings, n, err);
}

int cgroup_memory_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const struct cgroup_resources *want, struct keg_err *err)
{
	return h->v2 ? apply_v2(group, h, want, err) : apply_v1(group, h, want, err);
}
