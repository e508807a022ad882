/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/limits.h"

#include <string.h>

#include "base/strv.h"

enum { ANY = CGROUP_ANY, ALL = CGROUP_ACCESS_READ | CGROUP_ACCESS_WRITE | CGROUP_ACCESS_MKNOD };

/* What devices_make() puts into /dev, terminals, tunnels that users make, and any node's making. */
static const struct cgroup_device_rule device_defaults[] = {
	{ true, 'c', ANY, ANY, CGROUP_ACCESS_MKNOD },
	{ true, 'b', ANY, ANY, CGROUP_ACCESS_MKNOD },
	{ true, 'c', 1, 3, ALL },     /* null */
	{ true, 'c', 1, 5, ALL },     /* zero */
	{ true, 'c', 1, 7, ALL },     /* full */
	{ true, 'c', 1, 8, ALL },     /* random */
	{ true, 'c', 1, 9, ALL },     /* urandom */
	{ true, 'c', 5, 0, ALL },     /* tty */
	{ true, 'c', 5, 1, ALL },     /* console */
	{ true, 'c', 5, 2, ALL },     /* ptmx */
	{ true, 'c', 10, 200, ALL },  /* net/tun */
	{ true, 'c', 136, ANY, ALL }, /* pts */
};

static int translate_rule(const struct oci_device_rule *from, struct cgroup_device_rule *out,
			  struct keg_err *err)
{
	const char *type = keg_str_empty(from->type) ? "a" : from->type;

	*out = (struct cgroup_device_rule){
		.allow = from->allow,
		.type = type[0],
		.major = from->major && *from->major >= 0 ? *from->major : ANY,
		.minor = from->minor && *from->minor >= 0 ? *from->minor : ANY,
	};
	if (type[1] || !strchr("abc", type[0]))
		return keg_fail(err, KEG_EUSAGE, "invalid device type \"%s\" in a device rule",
				type);
	for (const char *p = keg_str_empty(from->access) ? "rwm" : from->access; *p; p++) {
		if (*p == 'r')
			out->access |= CGROUP_ACCESS_READ;
		else if (*p == 'w')
			out->access |= CGROUP_ACCESS_WRITE;
		else if (*p == 'm')
			out->access |= CGROUP_ACCESS_MKNOD;
		/* Other letters mean nothing, as in runc, whose configs have been seen with some.
		 */
	}
	return 0;
}

static int translate_devices(const struct oci_resources *from, struct cgroup_resources *out,
			     struct keg_arena *arena, struct keg_err *err)
{
	size_t n = from ? from->n_devices : 0;
	struct cgroup_device_rule *rules =
		keg_arena_alloc(arena, n + KEG_COUNT(device_defaults), sizeof *rules);

	for (size_t i = 0; i < n; i++) {
		int r = translate_rule(&from->devices[i], &rules[i], err);

		if (r < 0)
			return r;
	}
	memcpy(rules + n, device_defaults, sizeof device_defaults);
	out->devices = rules;
	out->n_devices = n + KEG_COUNT(device_defaults);
	return 0;
}

static void translate_memory(const struct oci_memory *m, struct cgroup_resources *out)
{
	out->memory.limit = m->limit;
	out->memory.reservation = m->reservation;
	out->memory.swap = m->swap;
	out->memory.kernel = m->kernel;
	out->memory.kernel_tcp = m->kernel_tcp;
	out->memory.swappiness = m->swappiness;
	out->memory.disable_oom_killer = m->disable_oom_killer;
	out->memory.check_before_update = m->check_before_update && *m->check_before_update;
}

static void translate_cpu(const struct oci_cpu *c, struct cgroup_resources *out)
{
	out->cpu.shares = c->shares;
	out->cpu.period = c->period;
	out->cpu.burst = c->burst;
	out->cpu.realtime_period = c->realtime_period;
	out->cpu.quota = c->quota;
	out->cpu.realtime_runtime = c->realtime_runtime;
	out->cpu.idle = c->idle;
	out->cpu.cpus = c->cpus;
	out->cpu.mems = c->mems;
}

static int device_of(int64_t major, int64_t minor, struct cgroup_device *out, struct keg_err *err)
{
	if (major < 0 || minor < 0 || major > UINT32_MAX || minor > UINT32_MAX)
		return keg_fail(err, KEG_EUSAGE, "device number %lld:%lld is out of range",
				(long long)major, (long long)minor);
	*out = (struct cgroup_device){ (uint32_t)major, (uint32_t)minor };
	return 0;
}

static int translate_throttles(const struct oci_throttle_device *from, size_t n,
			       const struct cgroup_throttle **out, size_t *n_out,
			       struct keg_arena *arena, struct keg_err *err)
{
	struct cgroup_throttle *list = keg_arena_alloc(arena, n + 1, sizeof *list);

	for (size_t i = 0; i < n; i++) {
		int r = device_of(from[i].major, from[i].minor, &list[i].device, err);

		if (r < 0)
			return r;
		list[i].rate = from[i].rate;
	}
	*out = list;
	*n_out = n;
	return 0;
}

static int translate_weights(const struct oci_block_io *b, struct cgroup_resources *out,
			     struct keg_arena *arena, struct keg_err *err)
{
	struct cgroup_device_weight *weights =
		keg_arena_alloc(arena, b->n_weight_device + 1, sizeof *weights);

	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_weight_device *d = &b->weight_device[i];
		int r = device_of(d->major, d->minor, &weights[i].device, err);

		if (r < 0)
			return r;
		weights[i].weight = d->weight;
		weights[i].leaf_weight = d->leaf_weight;
	}
	out->io.devices = weights;
	out->io.n_devices = b->n_weight_device;
	return 0;
}

static int translate_io(const struct oci_block_io *b, struct cgroup_resources *out,
			struct keg_arena *arena, struct keg_err *err)
{
	int r = translate_weights(b, out, arena, err);

	out->io.weight = b->weight;
	out->io.leaf_weight = b->leaf_weight;
	if (r >= 0)
		r = translate_throttles(b->read_bps, b->n_read_bps, &out->io.read_bps,
					&out->io.n_read_bps, arena, err);
	if (r >= 0)
		r = translate_throttles(b->write_bps, b->n_write_bps, &out->io.write_bps,
					&out->io.n_write_bps, arena, err);
	if (r >= 0)
		r = translate_throttles(b->read_iops, b->n_read_iops, &out->io.read_iops,
					&out->io.n_read_iops, arena, err);
	if (r >= 0)
		r = translate_throttles(b->write_iops, b->n_write_iops, &out->io.write_iops,
					&out->io.n_write_iops, arena, err);
	return r;
}

static const uint32_t *rdma_value(struct json_object *limits, const char *name,
				  struct keg_arena *arena)
{
	int64_t number = keg_json_i64(limits, name, -1);
	uint32_t *value;

	if (number < 0 || number > UINT32_MAX)
		return NULL;
	value = keg_arena_alloc(arena, 1, sizeof *value);
	*value = (uint32_t)number;
	return value;
}

static void translate_rdma(struct json_object *from, struct cgroup_resources *out,
			   struct keg_arena *arena)
{
	size_t n = 0;

	if (!from || !json_object_is_type(from, json_type_object))
		return;
	struct cgroup_rdma *list =
		keg_arena_alloc(arena, (size_t)json_object_object_length(from) + 1, sizeof *list);
	json_object_object_foreach(from, device, limits)
	{
		list[n++] = (struct cgroup_rdma){
			.device = keg_arena_strdup(arena, device),
			.handles = rdma_value(limits, "hcaHandles", arena),
			.objects = rdma_value(limits, "hcaObjects", arena),
		};
	}
	out->rdma = list;
	out->n_rdma = n;
}

static void translate_lists(const struct oci_resources *from, struct cgroup_resources *out,
			    struct keg_arena *arena)
{
	struct cgroup_hugepage *pages =
		keg_arena_alloc(arena, from->n_hugepage_limits + 1, sizeof *pages);
	struct cgroup_file *files = keg_arena_alloc(arena, from->n_unified + 1, sizeof *files);

	for (size_t i = 0; i < from->n_hugepage_limits; i++)
		pages[i] = (struct cgroup_hugepage){ from->hugepage_limits[i].page_size,
						     from->hugepage_limits[i].limit };
	for (size_t i = 0; i < from->n_unified; i++)
		files[i] = (struct cgroup_file){ from->unified[i].key, from->unified[i].value };
	out->hugepages = pages;
	out->n_hugepages = from->n_hugepage_limits;
	out->unified = files;
	out->n_unified = from->n_unified;
	if (!from->network)
		return;

	struct cgroup_if_priority *priorities =
		keg_arena_alloc(arena, from->network->n_priorities + 1, sizeof *priorities);
	for (size_t i = 0; i < from->network->n_priorities; i++)
		priorities[i] =
			(struct cgroup_if_priority){ from->network->priorities[i].name,
						     from->network->priorities[i].priority };
	out->net_class = from->network->class_id;
	out->net_priorities = priorities;
	out->n_net_priorities = from->network->n_priorities;
}

int limits_translate(const struct oci_resources *from, bool devices, struct cgroup_resources *out,
		     struct keg_arena *arena, struct keg_err *err)
{
	int r = 0;

	*out = (struct cgroup_resources){ 0 };
	if (devices)
		r = translate_devices(from, out, arena, err);
	if (r < 0 || !from)
		return r;
	if (from->memory)
		translate_memory(from->memory, out);
	if (from->cpu)
		translate_cpu(from->cpu, out);
	if (from->pids)
		out->pids_limit = from->pids->limit;
	translate_rdma(from->rdma, out, arena);
	translate_lists(from, out, arena);
	return from->block_io ? translate_io(from->block_io, out, arena, err) : 0;
}
