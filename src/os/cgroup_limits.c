/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits. Each kind of limit is a row that says which controller it needs and whether it is
 * asked for; the controller's hierarchy then decides between the v1 and the v2 form.
 */
#include "os/cgroup_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"

static bool asks_memory(const struct cgroup_resources *want)
{
	return CGROUP_ASKED(want->memory.limit) || CGROUP_ASKED(want->memory.reservation) ||
	       CGROUP_ASKED(want->memory.swap) || CGROUP_ASKED(want->memory.kernel) ||
	       CGROUP_ASKED(want->memory.kernel_tcp) || want->memory.swappiness ||
	       CGROUP_ASKED(want->memory.disable_oom_killer);
}

static bool asks_cpu(const struct cgroup_resources *want)
{
	return CGROUP_ASKED(want->cpu.shares) || CGROUP_ASKED(want->cpu.period) ||
	       CGROUP_ASKED(want->cpu.quota) || want->cpu.burst || want->cpu.idle ||
	       CGROUP_ASKED(want->cpu.realtime_period) || CGROUP_ASKED(want->cpu.realtime_runtime);
}

static bool asks_cpuset(const struct cgroup_resources *want)
{
	return !keg_str_empty(want->cpu.cpus) || !keg_str_empty(want->cpu.mems);
}

static bool asks_io(const struct cgroup_resources *want)
{
	return CGROUP_ASKED(want->io.weight) || CGROUP_ASKED(want->io.leaf_weight) ||
	       want->io.n_devices || want->io.n_read_bps || want->io.n_write_bps ||
	       want->io.n_read_iops || want->io.n_write_iops;
}

static bool asks_pids(const struct cgroup_resources *want)
{
	return want->pids_limit != NULL;
}

static bool asks_hugepages(const struct cgroup_resources *want)
{
	return want->n_hugepages > 0;
}

static bool asks_net_class(const struct cgroup_resources *want)
{
	return CGROUP_ASKED(want->net_class);
}

static bool asks_net_priorities(const struct cgroup_resources *want)
{
	return want->n_net_priorities > 0;
}

static bool asks_rdma(const struct cgroup_resources *want)
{
	return want->n_rdma > 0;
}

static int pids_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      const struct cgroup_resources *want, struct keg_err *err)
{
	/* Nothing can live in a group of 0 processes, and systemd refuses it: 1, as runc has it. */
	int64_t limit = *want->pids_limit ? *want->pids_limit : 1;
	autofree char *value = limit < 0 ? keg_strdup("max") : keg_printf("%" PRId64, limit);

	return cgroup_file_write(group, h, "pids.max", value, err);
}

static int hugepages_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
			   const struct cgroup_resources *want, struct keg_err *err)
{
	const char *limit = h->v2 ? "max" : "limit_in_bytes";
	int r = 0;

	for (size_t i = 0; r >= 0 && i < want->n_hugepages; i++) {
		const struct cgroup_hugepage *page = &want->hugepages[i];
		autofree char *file = NULL, *reserved = NULL;
		autofree char *value = keg_printf("%" PRIu64, page->limit);

		if (strchr(page->size, '/'))
			return keg_fail(err, KEG_EUSAGE, "hugepage size %s", page->size);
		file = keg_printf("hugetlb.%s.%s", page->size, limit);
		reserved = keg_printf("hugetlb.%s.rsvd.%s", page->size, limit);
		r = cgroup_file_write(group, h, file, value, err);
		/* Reservations are limited too, where the kernel (5.7) counts them. */
		if (r >= 0 && cgroup_file_exists(group, h, reserved))
			r = cgroup_file_write(group, h, reserved, value, err);
	}
	return r;
}

static int net_class_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
			   const struct cgroup_resources *want, struct keg_err *err)
{
	autofree char *value = keg_printf("%" PRIu32, *want->net_class);

	return cgroup_file_write(group, h, "net_cls.classid", value, err);
}

static int net_priorities_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
				const struct cgroup_resources *want, struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < want->n_net_priorities; i++) {
		const struct cgroup_if_priority *p = &want->net_priorities[i];
		autofree char *value = keg_printf("%s %" PRIu32, p->interface, p->priority);

		r = cgroup_file_write(group, h, "net_prio.ifpriomap", value, err);
	}
	return r;
}

static int rdma_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      const struct cgroup_resources *want, struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < want->n_rdma; i++) {
		const struct cgroup_rdma *rdma = &want->rdma[i];
		auto(keg_buf) value = { 0 };

		keg_buf_puts(&value, rdma->device);
		if (rdma->handles)
			keg_buf_printf(&value, " hca_handle=%" PRIu32, *rdma->handles);
		if (rdma->objects)
			keg_buf_printf(&value, " hca_object=%" PRIu32, *rdma->objects);
		r = cgroup_file_write(group, h, "rdma.max", value.data, err);
	}
	return r;
}

static const struct {
	enum cgroup_controller controller;
	bool (*asks)(const struct cgroup_resources *want);
	cgroup_limit *apply;
	const char *what;
} limits[] = {
	{ CGROUP_MEMORY, asks_memory, cgroup_memory_apply, "memory limit" },
	{ CGROUP_CPU, asks_cpu, cgroup_cpu_apply, "cpu limit" },
	{ CGROUP_CPUSET, asks_cpuset, cgroup_cpuset_apply, "cpuset" },
	{ CGROUP_PIDS, asks_pids, pids_apply, "pids limit" },
	{ CGROUP_IO, asks_io, cgroup_io_apply, "block I/O limit" },
	{ CGROUP_HUGETLB, asks_hugepages, hugepages_apply, "hugepage limit" },
	{ CGROUP_NET_CLS, asks_net_class, net_class_apply, "network class" },
	{ CGROUP_NET_PRIO, asks_net_priorities, net_priorities_apply, "network priorities" },
	{ CGROUP_RDMA, asks_rdma, rdma_apply, "rdma limit" },
};

/* "memory.high" and the like, as they stand. They come last: they refine the rest. */
static int unified_apply(struct cgroup *group, const struct cgroup_resources *want,
			 struct keg_err *err)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);

	if (want->n_unified && !v2)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"unified resource %s: there is no cgroup v2 group to set it in",
				want->unified[0].name);
	if (want->n_unified && !v2->controllers)
		cgroup_enable_controllers(group);
	for (size_t i = 0; i < want->n_unified; i++) {
		const char *name = want->unified[i].name;
		int r;

		if (strchr(name, '/'))
			return keg_fail(err, KEG_EUSAGE,
					"unified resource %s must be a file name (no slashes)",
					name);
		if (!strchr(name, '.'))
			return keg_fail(err, KEG_EUSAGE,
					"unified resource: the specified key has not the form "
					"CONTROLLER.VALUE `%s`",
					name);
		r = cgroup_file_write(group, v2, name, want->unified[i].value, err);
		if (r == -KEG_ENOTFOUND || (r < 0 && !cgroup_file_exists(group, v2, name)))
			return keg_fail(
				err, KEG_EUNSUPPORTED,
				"unified resource %s can't be set: the requested cgroup controller "
				"`%.*s` is not available",
				name, (int)strcspn(name, "."), name);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_apply(struct cgroup *group, const struct cgroup_resources *want, struct keg_err *err)
{
	int r = want->n_devices ? cgroup_devices_apply(group, want->devices, want->n_devices, err)
				: 0;

	for (size_t i = 0; r >= 0 && i < KEG_COUNT(limits); i++) {
		const struct cgroup_hierarchy *h;

		if (!limits[i].asks(want))
			continue;
		r = cgroup_hierarchy_of(group, limits[i].controller, &h, err);
		if (r >= 0)
			r = limits[i].apply(group, h, want, err);
		if (r < 0)
			return keg_wrap(err, "set %s", limits[i].what);
	}
	return r < 0 ? r : unified_apply(group, want, err);
}
