/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel counts for the group. */
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "os/cgroup.h"
#include "os/cgroup_internal.h"

enum { V1_UNLIMITED_FROM = 62 }; /* v1 writes "no limit" as the largest multiple of a page */

static void number(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *file,
		   uint64_t *out)
{
	if (!cgroup_file_number(group, h, file, out))
		*out = UINT64_MAX;
}

/* A figure of a "key value" file that was read; `scale` to the unit wanted. */
static void figure(const struct keg_buf *text, const char *key, uint64_t scale, uint64_t *out)
{
	uint64_t value;

	if (cgroup_text_number(keg_buf_text(text), key, &value))
		*out = value * scale;
}

/* A file that is not there leaves the figures as they are: unknown. */
static void read_text(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      const char *file, struct keg_buf *out)
{
	struct keg_err ignored;

	keg_buf_cut(out, 0);
	if (cgroup_file_read(group, h, file, out, &ignored) < 0)
		keg_buf_cut(out, 0);
}

static void memory_stat(const struct cgroup *group, const struct cgroup_hierarchy *h,
			struct cgroup_stat *out)
{
	auto(keg_buf) text = { 0 };

	number(group, h, h->v2 ? "memory.current" : "memory.usage_in_bytes", &out->memory_usage);
	number(group, h, h->v2 ? "memory.peak" : "memory.max_usage_in_bytes", &out->memory_peak);
	number(group, h, h->v2 ? "memory.max" : "memory.limit_in_bytes", &out->memory_limit);
	if (!h->v2 && out->memory_limit >> V1_UNLIMITED_FROM)
		out->memory_limit = UINT64_MAX;
	read_text(group, h, h->v2 ? "memory.events" : "memory.oom_control", &text);
	figure(&text, "oom_kill", 1, &out->oom_kills);
	read_text(group, h, "memory.stat", &text);
	figure(&text, h->v2 ? "inactive_file" : "total_inactive_file", 1,
	       &out->memory_inactive_file);
}

static void cpu_stat(const struct cgroup *group, const struct cgroup_hierarchy *h,
		     struct cgroup_stat *out)
{
	enum { NS_IN_US = 1000 };
	auto(keg_buf) text = { 0 };

	if (h->v2) {
		read_text(group, h, "cpu.stat", &text);
		figure(&text, "usage_usec", NS_IN_US, &out->cpu_usage_ns);
		figure(&text, "user_usec", NS_IN_US, &out->cpu_user_ns);
		figure(&text, "system_usec", NS_IN_US, &out->cpu_system_ns);
		return;
	}
	number(group, h, "cpuacct.usage", &out->cpu_usage_ns);
	number(group, h, "cpuacct.usage_user", &out->cpu_user_ns);
	number(group, h, "cpuacct.usage_sys", &out->cpu_system_ns);
}

/* The sum over all devices of what stands after `key` in each line. */
static uint64_t sum(const char *text, const char *key)
{
	uint64_t total = 0;

	for (const char *at = strstr(text, key); at; at = strstr(at, key)) {
		at += strlen(key);
		total += strtoull(at, NULL, 10);
	}
	return total;
}

static void io_stat(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    struct cgroup_stat *out)
{
	auto(keg_buf) text = { 0 };

	read_text(group, h, h->v2 ? "io.stat" : "blkio.throttle.io_service_bytes_recursive", &text);
	out->io_read_bytes = sum(keg_buf_text(&text), h->v2 ? "rbytes=" : " Read ");
	out->io_write_bytes = sum(keg_buf_text(&text), h->v2 ? "wbytes=" : " Write ");
}

int cgroup_read_stat(const struct cgroup *group, struct cgroup_stat *out, struct keg_err *err)
{
	const struct cgroup_hierarchy *v2 =
		cgroup_is_unified(group) ? cgroup_hierarchy_v2(group) : NULL;
	const struct cgroup_hierarchy *h;

	if (!cgroup_exists(group))
		return keg_fail(err, KEG_ENOTFOUND, "the container has no control group");
	memset(out, 0xff, sizeof *out);
	if ((h = v2 ? v2 : cgroup_hierarchy_find(group, CGROUP_MEMORY)))
		memory_stat(group, h, out);
	if ((h = v2 ? v2 : cgroup_hierarchy_find(group, CGROUP_CPUACCT)))
		cpu_stat(group, h, out);
	if ((h = v2 ? v2 : cgroup_hierarchy_find(group, CGROUP_IO)))
		io_stat(group, h, out);
	if ((h = v2 ? v2 : cgroup_hierarchy_find(group, CGROUP_PIDS))) {
		number(group, h, "pids.current", &out->pids_current);
		number(group, h, "pids.max", &out->pids_limit);
	}
	return 0;
}
