/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of memory, processors, processes and block devices, and the control group's place. */
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "engine/spec_gen.h"

enum { CPU_PERIOD = 100000, MICRO = 1000000 };

static int parse_size(const char *option, const char *text, int64_t *out, struct keg_err *err)
{
	struct keg_err ignored;
	uint64_t bytes;

	if (keg_parse_bytes(text, &bytes, &ignored) < 0 || bytes > INT64_MAX)
		return keg_fail(err, KEG_EUSAGE, "invalid value for %s: invalid size: '%s'", option,
				text);
	*out = (int64_t)bytes;
	return 0;
}

static int set_memory(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	struct oci_memory *m = keg_arena_alloc(gen->arena, 1, sizeof *m);
	int64_t limit = 0, swap = 0, reservation = 0;
	int r = 0;

	if (o->memory)
		r = parse_size("memory", o->memory, &limit, err);
	if (r >= 0 && o->memory_reservation)
		r = parse_size("memory-reservation", o->memory_reservation, &reservation, err);
	if (r >= 0 && o->memory_swap && strcmp(o->memory_swap, "-1") != 0)
		r = parse_size("memory-swap", o->memory_swap, &swap, err);
	else if (o->memory_swap)
		swap = -1;
	if (r < 0)
		return r;
	if (o->memory_swap && swap > 0 && !o->memory)
		return keg_fail(err, KEG_EUSAGE, "--memory-swap needs --memory, which it includes");
	if (swap > 0 && swap < limit)
		return keg_fail(err, KEG_EUSAGE,
				"minimum memoryswap limit should be larger than memory limit");
	/* As the peers: memory and as much swap again. */
	if (limit > 0 && !o->memory_swap)
		swap = limit > INT64_MAX / 2 ? INT64_MAX : limit * 2;
	m->limit = limit > 0 ? spec_gen_i64(gen->arena, limit) : NULL;
	m->swap = swap != 0 ? spec_gen_i64(gen->arena, swap) : NULL;
	m->reservation = reservation > 0 ? spec_gen_i64(gen->arena, reservation) : NULL;
	if (o->oom_kill_disable) {
		static const bool yes = true;
		m->disable_oom_killer = &yes;
	}
	if (o->memory_swappiness) {
		uint64_t percent;

		if (keg_parse_u64(o->memory_swappiness, &percent, err) < 0 || percent > 100)
			return keg_fail(err, KEG_EUSAGE,
					"invalid value %s for --memory-swappiness: it is from 0 "
					"to 100",
					o->memory_swappiness);
		m->swappiness = spec_gen_u64(gen->arena, percent);
	}
	if (m->limit || m->swap || m->reservation || m->disable_oom_killer || m->swappiness)
		gen->out.os->resources->memory = m;
	return 0;
}

static int set_cpus(struct spec_gen *gen, struct oci_cpu *cpu, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	struct keg_err why;
	uint64_t micro;

	if (!o->cpus)
		return 0;
	if (o->cpu_period || o->cpu_quota)
		return keg_fail(err, KEG_EUSAGE,
				"--cpu-period and --cpu-quota cannot be set together with --cpus");
	if (keg_parse_micro(o->cpus, &micro, &why) < 0 || micro > (uint64_t)MICRO * 100000)
		return keg_fail(err, KEG_EUSAGE,
				"invalid argument \"%s\" for \"--cpus\" flag: it is a number of "
				"processors such as 1.5",
				o->cpus);
	if (micro == 0)
		return 0;
	cpu->period = spec_gen_u64(gen->arena, CPU_PERIOD);
	cpu->quota = spec_gen_i64(gen->arena, (int64_t)(micro / (MICRO / CPU_PERIOD)));
	return 0;
}

static int set_cpu(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	struct oci_cpu *cpu = keg_arena_alloc(gen->arena, 1, sizeof *cpu);
	int r = set_cpus(gen, cpu, err);

	if (r < 0)
		return r;
	if (o->cpu_shares)
		cpu->shares = spec_gen_u64(gen->arena, o->cpu_shares);
	if (o->cpu_period)
		cpu->period = spec_gen_u64(gen->arena, o->cpu_period);
	if (o->cpu_quota)
		cpu->quota = spec_gen_i64(gen->arena, o->cpu_quota);
	if (o->cpu_rt_period)
		cpu->realtime_period = spec_gen_u64(gen->arena, o->cpu_rt_period);
	if (o->cpu_rt_runtime)
		cpu->realtime_runtime = spec_gen_i64(gen->arena, o->cpu_rt_runtime);
	cpu->cpus = o->cpuset_cpus;
	cpu->mems = o->cpuset_mems;
	if (cpu->shares || cpu->quota || cpu->period || cpu->cpus || cpu->mems ||
	    cpu->realtime_period || cpu->realtime_runtime)
		gen->out.os->resources->cpu = cpu;
	return 0;
}

static int set_pids(struct spec_gen *gen, struct keg_err *err)
{
	struct oci_pids *pids = keg_arena_alloc(gen->arena, 1, sizeof *pids);
	int64_t limit = gen->config->pids_limit;

	if (gen->options->pids_limit && keg_parse_i64(gen->options->pids_limit, &limit, err) < 0)
		return keg_fail(err, KEG_EUSAGE,
				"invalid argument \"%s\" for \"--pids-limit\" flag",
				gen->options->pids_limit);
	if (limit == 0 || (limit < 0 && !gen->options->pids_limit))
		return 0;
	pids->limit = spec_gen_i64(gen->arena, limit < 0 ? -1 : limit);
	gen->out.os->resources->pids = pids;
	return 0;
}

static int set_block_io(struct spec_gen *gen, struct keg_err *err)
{
	struct oci_block_io *io = keg_arena_alloc(gen->arena, 1, sizeof *io);
	uint32_t weight;

	if (!gen->options->blkio_weight)
		return 0;
	if (keg_parse_u32(gen->options->blkio_weight, &weight, err) < 0 || weight < 10 ||
	    weight > 1000)
		return keg_fail(err, KEG_EUSAGE,
				"invalid value %s for --blkio-weight: it is from 10 to 1000",
				gen->options->blkio_weight);
	io->weight = spec_gen_u32(gen->arena, weight);
	gen->out.os->resources->block_io = io;
	return 0;
}

static int set_place(struct spec_gen *gen, struct keg_err *err)
{
	const char *parent = gen->options->cgroup_parent;
	const char *mode = gen->options->cgroups ? gen->options->cgroups : gen->config->cgroups;

	if (strcmp(mode, "no-conmon") != 0 && strcmp(mode, "split") != 0 &&
	    strcmp(mode, "disabled") != 0 && strcmp(mode, "enabled") != 0)
		return keg_fail(err, KEG_EUSAGE,
				"running container create option: invalid cgroup mode \"%s\": "
				"invalid argument",
				mode);
	if (strcmp(mode, "split") == 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"--cgroups split is not supported by this version");
	if (strcmp(mode, "disabled") == 0)
		return 0;
	if (parent && keg_str_ends(parent, ".slice"))
		return keg_fail(err, KEG_EUSAGE,
				"systemd slice received as cgroup parent when using cgroupfs: "
				"invalid argument");
	if (gen->config->rootless && !gen->cgroup_unified)
		return 0;
	gen->out.os->cgroups_path =
		keg_arena_printf(gen->arena, "%s%s/keg-%s", parent && *parent != '/' ? "/" : "",
				 parent ? parent : "/keg", gen->id);
	return 0;
}

static bool has_limits(const struct container_options *o)
{
	return o->memory || o->memory_swap || o->memory_reservation || o->cpus || o->cpu_shares ||
	       o->cpu_quota || o->cpu_period || o->pids_limit || o->cpuset_cpus || o->cpuset_mems ||
	       o->blkio_weight;
}

int spec_gen_resources(struct spec_gen *gen, struct keg_err *err)
{
	static int (*const steps[])(struct spec_gen *, struct keg_err *) = {
		set_memory, set_cpu, set_pids, set_block_io, set_place,
	};
	struct oci_resources *res = gen->out.os->resources;

	for (size_t i = 0; i < KEG_COUNT(steps); i++) {
		int r = steps[i](gen, err);

		if (r < 0)
			return r;
	}
	if (!gen->out.os->cgroups_path) {
		if (gen->config->rootless && has_limits(gen->options))
			keg_warn("Resource limits are not supported and ignored on cgroups V1 "
				 "rootless systems");
		res->memory = NULL;
		res->cpu = NULL;
		res->pids = NULL;
		res->block_io = NULL;
	}
	return 0;
}
