/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits as systemd's properties (systemd.resource-control(5)). What systemd knows it writes again
 * whenever it looks after the unit, with a daemon-reload for one: so it must know the same figures
 * as are in the group's files. What it does not know it leaves alone.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/strv.h"
#include "os/bitlist.h"
#include "os/cgroup_internal.h"
#include "os/cgroup_systemd.h"

enum { DEFAULT_PERIOD_US = 100000, SECOND_US = 1000000, HUNDREDTH_US = 10000 };
enum { FIRST_ROOM = 32 };
/* The versions of systemd that first had them: its NEWS. */
enum { HAS_QUOTA_PERIOD = 242, HAS_CPUSET = 244, HAS_IDLE = 252 };

void unit_properties_done(struct unit_properties *list)
{
	free(list->v);
	keg_arena_done(&list->arena);
}

void unit_properties_add(struct unit_properties *list, const struct systemd_property *property)
{
	if (list->n == list->room) {
		list->room = list->room ? list->room * 2 : FIRST_ROOM;
		list->v = keg_realloc(list->v, list->room, sizeof *list->v);
	}
	list->v[list->n++] = *property;
}

void unit_properties_add_bool(struct unit_properties *list, const char *name, bool value)
{
	unit_properties_add(
		list, &(struct systemd_property){
			      .name = name, .kind = SYSTEMD_NUMBER, .type = 'b', .number = value });
}

void unit_properties_add_u64(struct unit_properties *list, const char *name, uint64_t value)
{
	unit_properties_add(
		list, &(struct systemd_property){
			      .name = name, .kind = SYSTEMD_NUMBER, .type = 't', .number = value });
}

void unit_properties_add_text(struct unit_properties *list, const char *name, const char *value)
{
	unit_properties_add(list, &(struct systemd_property){
					  .name = name, .kind = SYSTEMD_TEXT, .text = value });
}

/* --- cpu --------------------------------------------------------------------------------- */

/* Microseconds of a processor in each second. */
static uint64_t per_second(int64_t quota, uint64_t period)
{
	unsigned __int128 usec = (unsigned __int128)quota * SECOND_US / period;

	/* More than there are processors in the world is no limit. */
	if (usec > UINT64_MAX / 2)
		return UINT64_MAX;
	return (uint64_t)((usec + HUNDREDTH_US - 1) / HUNDREDTH_US * HUNDREDTH_US);
}

int64_t unit_quota_round(int64_t quota, uint64_t period)
{
	if (quota <= 0)
		return quota;
	if (!period)
		period = DEFAULT_PERIOD_US;
	uint64_t usec = per_second(quota, period);

	return usec == UINT64_MAX ? quota : (int64_t)((unsigned __int128)usec * period / SECOND_US);
}

/* A quota of 0 or below is none; asked for by a period alone, too. */
static void add_quota(struct unit_properties *list, int64_t quota, uint64_t period,
		      unsigned version)
{
	if (period && version >= HAS_QUOTA_PERIOD)
		unit_properties_add_u64(list, "CPUQuotaPeriodUSec", period);
	if (quota || period)
		unit_properties_add_u64(
			list, "CPUQuotaPerSecUSec",
			quota > 0 ? per_second(quota, period ? period : DEFAULT_PERIOD_US)
				  : UINT64_MAX);
}

static void add_cpu(struct unit_properties *list, const struct cgroup_resources *limits,
		    bool unified, unsigned version)
{
	bool idle = unified && CGROUP_ASKED(limits->cpu.idle) && *limits->cpu.idle == 1 &&
		    version >= HAS_IDLE;

	if (idle) /* systemd's way to say it */
		unit_properties_add_u64(list, "CPUWeight", 0);
	else if (CGROUP_ASKED(limits->cpu.shares))
		unit_properties_add_u64(list, unified ? "CPUWeight" : "CPUShares",
					unified ? cgroup_weight_of_shares(*limits->cpu.shares)
						: *limits->cpu.shares);
	add_quota(list, limits->cpu.quota ? *limits->cpu.quota : 0,
		  limits->cpu.period ? *limits->cpu.period : 0, version);
}

/* A list of processors or nodes, as a mask in bytes, the lowest first. */
static int add_list(struct unit_properties *list, const char *name, const char *text,
		    unsigned version, struct keg_err *err)
{
	struct systemd_property p = { .name = name, .kind = SYSTEMD_BYTES };
	struct bitlist bits;

	if (keg_str_empty(text) || version < HAS_CPUSET)
		return 0;
	if (bitlist_parse(text, &bits, err) < 0)
		return keg_wrap(err, "%s", name);
	uint8_t *bytes = keg_arena_alloc(&list->arena, sizeof bits.words, 1);
	for (size_t i = 0; i < sizeof bits.words; i++) {
		unsigned long word = bits.words[i / sizeof(long)];

		bytes[i] = (uint8_t)(word >> i % sizeof(long) * CHAR_BIT);
		if (bytes[i])
			p.n = i + 1;
	}
	p.bytes = bytes;
	unit_properties_add(list, &p);
	return 0;
}

/* --- the rest of linux.resources --------------------------------------------------------- */

/* -1 is systemd's infinity in two's complement. */
static void add_i64(struct unit_properties *list, const char *name, const int64_t *value)
{
	if (CGROUP_ASKED(value))
		unit_properties_add_u64(list, name, (uint64_t)*value);
}

static int add_memory(struct unit_properties *list, const struct cgroup_resources *limits,
		      bool unified, struct keg_err *err)
{
	int64_t swap = 0;
	int r;

	add_i64(list, unified ? "MemoryMax" : "MemoryLimit", limits->memory.limit);
	if (!unified)
		return 0;
	add_i64(list, "MemoryLow", limits->memory.reservation);
	r = cgroup_memory_swap_v2(limits, &swap, err);
	if (r > 0)
		unit_properties_add_u64(list, "MemorySwapMax", (uint64_t)swap);
	return r;
}

static void add_tasks(struct unit_properties *list, const int64_t *limit)
{
	if (limit) /* systemd refuses 0, and so do we: cgroup_limits.c */
		unit_properties_add_u64(list, "TasksMax", *limit ? (uint64_t)*limit : 1);
}

static void add_io(struct unit_properties *list, const struct cgroup_resources *limits,
		   bool unified)
{
	if (CGROUP_ASKED(limits->io.weight))
		unit_properties_add_u64(list, unified ? "IOWeight" : "BlockIOWeight",
					unified ? cgroup_weight_of_blkio(*limits->io.weight, false)
						: *limits->io.weight);
}

/* --- unified ----------------------------------------------------------------------------- */

static const struct {
	const char *file, *property;
} plain_files[] = {
	{ "cpu.weight", "CPUWeight" },		{ "io.weight", "IOWeight" },
	{ "memory.high", "MemoryHigh" },	{ "memory.low", "MemoryLow" },
	{ "memory.max", "MemoryMax" },		{ "memory.min", "MemoryMin" },
	{ "memory.swap.max", "MemorySwapMax" }, { "pids.max", "TasksMax" },
};

static int parse_value(const char *text, uint64_t *out, struct keg_err *err)
{
	if (strcmp(text, "max") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	return keg_parse_u64(text, out, err);
}

/* "QUOTA [PERIOD]" */
static int add_cpu_max(struct unit_properties *list, char *text, unsigned version,
		       struct keg_err *err)
{
	char *space = strpbrk(text, " \t");
	uint64_t quota, period = DEFAULT_PERIOD_US;

	if (space)
		*space++ = '\0';
	if (parse_value(text, &quota, err) < 0 ||
	    (space && keg_parse_u64(space + strspn(space, " \t"), &period, err) < 0) || !period)
		return keg_fail(err, KEG_EUSAGE, "unified resource cpu.max: malformed value");
	add_quota(list, quota > INT64_MAX ? 0 : (int64_t)quota, period, version);
	return 0;
}

static bool asks_idle(const struct cgroup_resources *limits)
{
	for (size_t i = 0; i < limits->n_unified; i++) {
		if (strcmp(limits->unified[i].name, "cpu.idle") == 0)
			return strcmp(limits->unified[i].value, "1") == 0;
	}
	return false;
}

static int add_file(struct unit_properties *list, const struct cgroup_file *file, bool idle,
		    unsigned version, struct keg_err *err)
{
	char *value = keg_arena_strdup(&list->arena, file->value + strspn(file->value, " \t\n"));
	size_t len = strlen(value);
	uint64_t number;

	while (len && isspace((unsigned char)value[len - 1]))
		value[--len] = '\0';
	if (strcmp(file->name, "cpu.max") == 0)
		return add_cpu_max(list, value, version, err);
	if (strcmp(file->name, "cpuset.cpus") == 0)
		return add_list(list, "AllowedCPUs", value, version, err);
	if (strcmp(file->name, "cpuset.mems") == 0)
		return add_list(list, "AllowedMemoryNodes", value, version, err);
	if (strcmp(file->name, "cpu.idle") == 0 && idle)
		unit_properties_add_u64(list, "CPUWeight", 0);
	for (size_t i = 0; i < KEG_COUNT(plain_files); i++) {
		if (strcmp(file->name, plain_files[i].file) != 0)
			continue;
		if (idle && strcmp(file->name, "cpu.weight") == 0)
			return 0; /* an idle group has none */
		const char *skip = keg_str_after(value, "default ");
		if (parse_value(skip ? skip : value, &number, err) < 0)
			return keg_wrap(err, "unified resource %s", file->name);
		if (strcmp(file->name, "pids.max") == 0 && number == 0)
			number = 1;
		unit_properties_add_u64(list, plain_files[i].property, number);
	}
	return 0;
}

int unit_properties_of_limits(struct unit_properties *list, const struct cgroup_resources *limits,
			      bool unified, unsigned version, struct keg_err *err)
{
	bool idle = version >= HAS_IDLE && asks_idle(limits);
	int r = add_memory(list, limits, unified, err);

	if (r < 0)
		return r;
	add_cpu(list, limits, unified, version);
	add_tasks(list, limits->pids_limit);
	add_io(list, limits, unified);
	r = add_list(list, "AllowedCPUs", limits->cpu.cpus, version, err);
	if (r >= 0)
		r = add_list(list, "AllowedMemoryNodes", limits->cpu.mems, version, err);
	for (size_t i = 0; r >= 0 && unified && i < limits->n_unified; i++)
		r = add_file(list, &limits->unified[i], idle, version, err);
	return r;
}

/* --- devices ----------------------------------------------------------------------------- */

static bool is_everything(const struct cgroup_device_rule *rule)
{
	const unsigned all = CGROUP_ACCESS_READ | CGROUP_ACCESS_WRITE | CGROUP_ACCESS_MKNOD;

	return rule->type == 'a' && rule->major == CGROUP_ANY && rule->minor == CGROUP_ANY &&
	       rule->access == all;
}

/* Where "deny all" is followed by nothing but what is allowed; n: nowhere. */
static size_t first_allowed(const struct cgroup_device_rule *rules, size_t n)
{
	size_t from = n;

	while (from > 0 && rules[from - 1].allow)
		from--;
	for (size_t i = from; i < n; i++) {
		bool any_major = rules[i].major == CGROUP_ANY && rules[i].minor != CGROUP_ANY;

		if (any_major || is_everything(&rules[i]))
			return n; /* one cannot be said, the other needs not be */
	}
	return from > 0 && is_everything(&rules[from - 1]) ? from : n;
}

static const char *device_name(struct keg_arena *arena, const struct cgroup_device_rule *rule,
			       bool block)
{
	const char *kind = block ? "block" : "char";

	if (rule->major == CGROUP_ANY)
		return keg_arena_printf(arena, "%s-*", kind);
	if (rule->minor == CGROUP_ANY)
		return keg_arena_printf(arena, "%s-%lld", kind, (long long)rule->major);
	return keg_arena_printf(arena, "/dev/%s/%lld:%lld", kind, (long long)rule->major,
				(long long)rule->minor);
}

void unit_properties_of_devices(struct unit_properties *list,
				const struct cgroup_device_rule *rules, size_t n)
{
	size_t from = first_allowed(rules, n), filled = 0;
	const char **texts = keg_arena_alloc(&list->arena, (n - from) * 4 + 1, sizeof *texts);

	for (size_t i = from; i < n; i++) {
		const char *access = keg_arena_printf(
			&list->arena, "%s%s%s", rules[i].access & CGROUP_ACCESS_READ ? "r" : "",
			rules[i].access & CGROUP_ACCESS_WRITE ? "w" : "",
			rules[i].access & CGROUP_ACCESS_MKNOD ? "m" : "");

		for (int block = 0; block < 2 && *access; block++) {
			if (rules[i].type == (block ? 'c' : 'b'))
				continue;
			texts[filled++] = device_name(&list->arena, &rules[i], block);
			texts[filled++] = access;
		}
	}
	/* What systemd cannot say is still in the group's own rules, which both must allow. */
	unit_properties_add_text(list, "DevicePolicy", from < n ? "strict" : "auto");
	unit_properties_add(list, &(struct systemd_property){ .name = "DeviceAllow",
							      .kind = SYSTEMD_DEVICES,
							      .texts = texts,
							      .n = filled });
}
