/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel counts for a container, in the members that runc prints and engines parse
 * (types/events.go there). Each member is one file of a control group, or one key in a file, which
 * the tables name for both versions of cgroups. As in Go's encoding, zero is left out unless a row
 * says `always`. Figures of version 2 in microseconds become nanoseconds.
 */
#include <dirent.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/intel_rdt.h"
#include "runtime/state.h"
#include "runtime/stats_source.h"

enum { NS_IN_US = 1000 };

struct entry_files {
	const char *limit, *usage, *max, *failcnt;
};

struct entry {
	uint64_t limit, usage, max, failcnt;
};

static struct entry read_entry(const struct stats_source *source, const struct entry_files *files)
{
	return (struct entry){ .limit = stats_number(source, files->limit),
			       .usage = stats_number(source, files->usage),
			       .max = stats_number(source, files->max),
			       .failcnt = stats_number(source, files->failcnt) };
}

/* Left out when nothing in it counts. */
static void put_entry(struct json_object *obj, const char *name, const struct entry *e)
{
	struct json_object *entry;

	if (!e->limit && !e->usage && !e->max && !e->failcnt)
		return;
	entry = stats_child(obj, name);
	stats_put(entry, "limit", e->limit, true);
	stats_put(entry, "usage", e->usage, false);
	stats_put(entry, "max", e->max, false);
	stats_put(entry, "failcnt", e->failcnt, true);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and the same for "full". */
static void put_pressure(struct json_object *obj, const struct stats_source *source,
			 const char *file)
{
	static const char *const kinds[] = { "some", "full" };
	auto(keg_buf) text = { 0 };
	struct json_object *psi;

	if (!source->v2 || !*stats_text(source, file, &text))
		return;
	psi = stats_child(obj, "psi");
	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		const char *line = strstr(keg_buf_text(&text), kinds[i]);
		double avg10, avg60, avg300;
		uint64_t total;

		if (!line || sscanf(line + strlen(kinds[i]),
				    " avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, &avg10,
				    &avg60, &avg300, &total) != 4)
			continue;
		struct json_object *data = stats_child(psi, kinds[i]);
		json_object_object_add(data, "avg10", json_object_new_double(avg10));
		json_object_object_add(data, "avg60", json_object_new_double(avg60));
		json_object_object_add(data, "avg300", json_object_new_double(avg300));
		stats_put(data, "total", total, true);
	}
}

/* Column `n` of each line that begins with a digit, as a list. */
static void put_column(struct json_object *obj, const char *name, const char *text, unsigned n)
{
	struct json_object *list = json_object_new_array();

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line < '0' || *line > '9')
			continue;
		const char *at = line;
		for (unsigned i = 0; i < n && at; i++)
			at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
		if (at)
			json_object_array_add(list, json_object_new_uint64(stats_parse(at)));
	}
	stats_put_list(obj, name, list);
}

/* "12 13" in one line. */
static void put_words(struct json_object *obj, const char *name, const char *text)
{
	struct json_object *list = json_object_new_array();
	char *end;

	for (const char *at = text; *at >= '0' && *at <= '9'; at = end + (*end == ' '))
		json_object_array_add(list, json_object_new_uint64(strtoull(at, &end, 10)));
	stats_put_list(obj, name, list);
}

static void put_usage(struct json_object *usage, const struct cgroup *group)
{
	auto(stats_source) account = { .folder = -1 };
	auto(keg_buf) text = { 0 };
	uint64_t unit;

	stats_source_open(group, "cpuacct", &account);
	unit = account.v2 ? NS_IN_US : 1;
	if (account.v2) {
		stats_text(&account, "cpu.stat", &text);
		stats_put(usage, "total", stats_key(keg_buf_text(&text), "usage_usec") * unit,
			  false);
		stats_put(usage, "kernel", stats_key(keg_buf_text(&text), "system_usec") * unit,
			  true);
		stats_put(usage, "user", stats_key(keg_buf_text(&text), "user_usec") * unit, true);
		return;
	}
	stats_put(usage, "total", stats_number(&account, "cpuacct.usage"), false);
	put_words(usage, "percpu", stats_text(&account, "cpuacct.usage_percpu", &text));
	stats_text(&account, "cpuacct.usage_all", &text);
	put_column(usage, "percpu_kernel", keg_buf_text(&text), 2);
	put_column(usage, "percpu_user", keg_buf_text(&text), 1);
	stats_put(usage, "kernel", stats_number(&account, "cpuacct.usage_sys"), true);
	stats_put(usage, "user", stats_number(&account, "cpuacct.usage_user"), true);
}

static void put_cpu(struct json_object *data, const struct cgroup *group)
{
	struct json_object *cpu = stats_child(data, "cpu");
	auto(stats_source) source = { .folder = -1 };
	auto(keg_buf) text = { 0 };

	put_usage(stats_child(cpu, "usage"), group);
	stats_source_open(group, "cpu", &source);
	const char *stat = stats_text(&source, "cpu.stat", &text);
	uint64_t periods = stats_key(stat, "nr_periods");
	uint64_t throttled = stats_key(stat, "nr_throttled");
	uint64_t ns = source.v2 ? stats_key(stat, "throttled_usec") * NS_IN_US
				: stats_key(stat, "throttled_time");
	if (periods || throttled || ns) {
		struct json_object *throttling = stats_child(cpu, "throttling");

		stats_put(throttling, "periods", periods, false);
		stats_put(throttling, "throttledPeriods", throttled, false);
		stats_put(throttling, "throttledTime", ns, false);
	}
	put_pressure(cpu, &source, "cpu.pressure");
}

/* "0-3,7" as each number. */
static void put_range(struct json_object *obj, const char *name, const char *text)
{
	enum { MOST = UINT16_MAX };
	struct json_object *list = json_object_new_array();

	for (const char *at = text; *at >= '0' && *at <= '9';) {
		char *end;
		unsigned long low = strtoul(at, &end, 10), high = low;

		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		for (; low <= high && low <= MOST; low++)
			json_object_array_add(list, json_object_new_int64((int64_t)low));
		at = end + (*end == ',');
	}
	stats_put_list(obj, name, list);
}

/* Of version 1 only. */
static void put_cpuset(struct json_object *data, const struct cgroup *group)
{
	static const char *const switches[] = { "cpu_exclusive",      "mem_hardwall",
						"mem_exclusive",      "memory_migrate",
						"memory_spread_page", "memory_spread_slab",
						"memory_pressure",    "sched_load_balance" };
	struct json_object *set = stats_child(data, "cpuset");
	auto(stats_source) source = { .folder = -1 };
	auto(keg_buf) text = { 0 };

	stats_source_open(group, "cpuset", &source);
	if (!source.v2) {
		put_range(set, "cpus", stats_text(&source, "cpuset.cpus", &text));
		put_range(set, "mems", stats_text(&source, "cpuset.mems", &text));
	}
	for (size_t i = 0; i < KEG_COUNT(switches); i++) {
		autofree char *file = keg_printf("cpuset.%s", switches[i]);

		stats_put(set, switches[i], stats_number(&source, file), true);
	}
	int64_t level =
		strtoll(stats_text(&source, "cpuset.sched_relax_domain_level", &text), NULL, 10);
	json_object_object_add(set, "sched_relax_domain_level", json_object_new_int64(level));
}

static void put_raw(struct json_object *memory, const char *stat)
{
	struct json_object *raw = json_object_new_object();

	for (const char *line = stat; line && *line;) {
		const char *space = strchr(line, ' ');

		if (!space)
			break;
		autofree char *key = keg_strndup(line, (size_t)(space - line));
		stats_put(raw, key, stats_parse(space + 1), true);
		line = strchr(space, '\n');
		line = line ? line + 1 : NULL;
	}
	if (json_object_object_length(raw) > 0)
		json_object_object_add(memory, "raw", raw);
	else
		json_object_put(raw);
}

static void put_memory_v1(struct json_object *memory, const struct stats_source *source)
{
	static const struct {
		const char *name;
		struct entry_files files;
	} rows[] = {
		{ "usage",
		  { "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes",
		    "memory.failcnt" } },
		{ "swap",
		  { "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes",
		    "memory.memsw.max_usage_in_bytes", "memory.memsw.failcnt" } },
		{ "kernel",
		  { "memory.kmem.limit_in_bytes", "memory.kmem.usage_in_bytes",
		    "memory.kmem.max_usage_in_bytes", "memory.kmem.failcnt" } },
		{ "kernelTCP",
		  { "memory.kmem.tcp.limit_in_bytes", "memory.kmem.tcp.usage_in_bytes",
		    "memory.kmem.tcp.max_usage_in_bytes", "memory.kmem.tcp.failcnt" } },
	};

	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		struct entry entry = read_entry(source, &rows[i].files);

		put_entry(memory, rows[i].name, &entry);
	}
}

/* Swap is counted with the memory, as version 1 and so everybody who reads this counts it. */
static void put_memory_v2(struct json_object *memory, const struct stats_source *source)
{
	static const struct entry_files memory_files = { "memory.max", "memory.current",
							 "memory.peak", NULL };
	static const struct entry_files swap_files = { "memory.swap.max", "memory.swap.current",
						       NULL, NULL };
	struct entry usage = read_entry(source, &memory_files);
	struct entry swap = read_entry(source, &swap_files);

	put_entry(memory, "usage", &usage);
	swap.usage += usage.usage;
	if (swap.limit != UINT64_MAX)
		swap.limit = usage.limit == UINT64_MAX ? UINT64_MAX : swap.limit + usage.limit;
	put_entry(memory, "swap", &swap);
}

static void put_memory(struct json_object *data, const struct cgroup *group)
{
	struct json_object *memory = stats_child(data, "memory");
	auto(stats_source) source = { .folder = -1 };
	auto(keg_buf) text = { 0 };

	stats_source_open(group, "memory", &source);
	const char *stat = stats_text(&source, "memory.stat", &text);
	stats_put(memory, "cache", stats_key(stat, source.v2 ? "file" : "cache"), false);
	if (source.v2)
		put_memory_v2(memory, &source);
	else
		put_memory_v1(memory, &source);
	put_raw(memory, stat);
	put_pressure(memory, &source, "memory.pressure");
}

static void put_pids(struct json_object *data, const struct cgroup *group)
{
	struct json_object *pids = stats_child(data, "pids");
	auto(stats_source) source = { .folder = -1 };

	stats_source_open(group, "pids", &source);
	uint64_t limit = stats_number(&source, "pids.max");
	stats_put(pids, "current", stats_number(&source, "pids.current"), false);
	stats_put(pids, "limit", limit == UINT64_MAX ? 0 : limit, false);
}

static void add_io(struct json_object *list, unsigned major, unsigned minor, const char *op,
		   uint64_t value)
{
	struct json_object *entry = json_object_new_object();

	stats_put(entry, "major", major, false);
	stats_put(entry, "minor", minor, false);
	if (*op)
		json_object_object_add(entry, "op", json_object_new_string(op));
	stats_put(entry, "value", value, false);
	json_object_array_add(list, entry);
}

/* "8:0 Read 4096" or "8:0 4096"; the sum at the end has no device. */
static void add_v1_io(struct json_object *list, const char *text)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned major, minor;
		char op[32] = "";
		uint64_t value;

		line += *line == '\n';
		if (sscanf(line, "%u:%u %31[A-Za-z] %" SCNu64, &major, &minor, op, &value) == 4 ||
		    (op[0] = '\0', sscanf(line, "%u:%u %" SCNu64, &major, &minor, &value) == 3))
			add_io(list, major, minor, op, value);
	}
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..." */
static void add_v2_io(struct json_object *list, const char *text, const char *const keys[3])
{
	static const char *const ops[] = { "Read", "Write", "Discard" };

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned major, minor;

		line += *line == '\n';
		if (sscanf(line, "%u:%u", &major, &minor) != 2)
			continue;
		autofree char *one = keg_strndup(line, strcspn(line, "\n"));
		for (size_t i = 0; i < KEG_COUNT(ops); i++) {
			const char *at = strstr(one, keys[i]);

			if (at)
				add_io(list, major, minor, ops[i],
				       stats_parse(at + strlen(keys[i])));
		}
	}
}

static void put_io(struct json_object *data, const struct cgroup *group)
{
	static const struct {
		const char *name, *file, *instead;
		const char *keys[3];
	} rows[] = {
		{ "ioServiceBytesRecursive",
		  "blkio.bfq.io_service_bytes_recursive",
		  "blkio.throttle.io_service_bytes_recursive",
		  { " rbytes=", " wbytes=", " dbytes=" } },
		{ "ioServicedRecursive",
		  "blkio.bfq.io_serviced_recursive",
		  "blkio.throttle.io_serviced_recursive",
		  { " rios=", " wios=", " dios=" } },
		{ "ioQueueRecursive", "blkio.bfq.io_queued_recursive", NULL, { NULL } },
		{ "ioServiceTimeRecursive", "blkio.bfq.io_service_time_recursive", NULL, { NULL } },
		{ "ioWaitTimeRecursive", "blkio.bfq.io_wait_time_recursive", NULL, { NULL } },
		{ "ioMergedRecursive", "blkio.bfq.io_merged_recursive", NULL, { NULL } },
		{ "ioTimeRecursive", "blkio.bfq.time_recursive", NULL, { NULL } },
		{ "sectorsRecursive", "blkio.bfq.sectors_recursive", NULL, { NULL } },
	};
	struct json_object *io = stats_child(data, "blkio");
	auto(stats_source) source = { .folder = -1 };
	auto(keg_buf) text = { 0 };

	stats_source_open(group, "blkio", &source);
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		struct json_object *list = json_object_new_array();

		if (source.v2 && rows[i].keys[0])
			add_v2_io(list, stats_text(&source, "io.stat", &text), rows[i].keys);
		else if (!source.v2)
			add_v1_io(list, stats_text(&source, rows[i].file, &text));
		if (!source.v2 && json_object_array_length(list) == 0)
			add_v1_io(list, stats_text(&source, rows[i].instead, &text));
		stats_put_list(io, rows[i].name, list);
	}
	put_pressure(io, &source, "io.pressure");
}

/* A file for each size: hugetlb.2MB.usage_in_bytes, hugetlb.2MB.current. */
static void put_hugetlb(struct json_object *data, const struct cgroup *group)
{
	static const char prefix[] = "hugetlb.";
	struct json_object *all = stats_child(data, "hugetlb");
	auto(stats_source) source = { .folder = -1 };

	stats_source_open(group, "hugetlb", &source);
	autodir dir = source.folder < 0 ? NULL : fdopendir(dup(source.folder));
	const char *suffix = source.v2 ? ".current" : ".usage_in_bytes";
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *size = keg_str_after(entry->d_name, prefix);

		if (!size || !keg_str_ends(size, suffix) || strstr(size, ".rsvd."))
			continue;
		autofree char *name = keg_strndup(size, strlen(size) - strlen(suffix));
		autofree char *max = keg_printf("%s%s.max_usage_in_bytes", prefix, name);
		autofree char *failed =
			keg_printf("%s%s.%s", prefix, name, source.v2 ? "events" : "failcnt");
		auto(keg_buf) text = { 0 };
		const char *events = stats_text(&source, failed, &text);
		struct json_object *one = stats_child(all, name);

		stats_put(one, "usage", stats_number(&source, entry->d_name), false);
		stats_put(one, "max", source.v2 ? 0 : stats_number(&source, max), false);
		stats_put(one, "failcnt",
			  source.v2 ? stats_key(events, "max") : stats_parse(events), true);
	}
}

int runtime_stats(const struct runtime_context *ctx, const char *id, struct json_object **out,
		  struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	autoptr(cgroup) group = NULL;
	int r = state_load(ctx, id, &c, err);

	if (r < 0)
		return r;
	if (!state_is_alive(&c.record))
		return keg_fail(err, KEG_EBUSY, "container with id %s is not running", id);
	if (keg_str_empty(c.record.cgroup))
		return keg_fail(err, KEG_EUNSUPPORTED, "container has no cgroup to count by");
	r = cgroup_open(c.record.cgroup, &group, err);
	if (r < 0)
		return r;

	struct json_object *data = json_object_new_object();
	put_cpu(data, group);
	put_cpuset(data, group);
	put_memory(data, group);
	put_pids(data, group);
	put_io(data, group);
	put_hugetlb(data, group);
	rdt_stat(&c.record, data);
	*out = data;
	return 0;
}
