/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/intel_rdt.h"

#include <string.h>

#include "base/strv.h"
#include "os/resctrl.h"
#include "runtime/stats_rdt.h"

static bool divides(const struct oci_intel_rdt *rdt)
{
	return !keg_str_empty(rdt->l3_cache_schema) || !keg_str_empty(rdt->mem_bw_schema) ||
	       rdt->n_schemata > 0;
}

/* The older members were to count single things; the kernel counts all or nothing. */
static bool counts(const struct oci_intel_rdt *rdt)
{
	return rdt->enable_monitoring || rdt->enable_cmt || rdt->enable_mbm;
}

static int check_kinds(int root, const char *l3, const char *mb, struct keg_err *err)
{
	if (!keg_str_empty(l3) && !resctrl_has(root, "L3"))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"Intel RDT/CAT: l3 cache schema is not enabled");
	if (!keg_str_empty(mb) && !resctrl_has(root, "MB"))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"Intel RDT/MBA: memory bandwidth schema is not enabled");
	return 0;
}

static int check_line(const char *line, const char *prefix, struct keg_err *err)
{
	if (keg_str_empty(line))
		return 0;
	if (!keg_str_starts(line, prefix) || strchr(line, '\n'))
		return keg_fail(err, KEG_EUSAGE, "intelRdt: invalid schema %.64s", line);
	return 0;
}

static int check_lines(const struct oci_intel_rdt *rdt, struct keg_err *err)
{
	int r = check_line(rdt->l3_cache_schema, "L3", err);

	if (r >= 0)
		r = check_line(rdt->mem_bw_schema, "MB:", err);
	for (size_t i = 0; i < rdt->n_schemata && r >= 0; i++)
		r = check_line(rdt->schemata[i], "", err);
	return r;
}

int rdt_check(const struct oci_linux *os, struct keg_err *err)
{
	const struct oci_intel_rdt *rdt = os->intel_rdt;

	if (!rdt)
		return 0;
	if (!keg_str_empty(rdt->clos_id) && !resctrl_is_group(rdt->clos_id))
		return keg_fail(err, KEG_EUSAGE, "invalid intelRdt.ClosID \"%s\"", rdt->clos_id);
	int r = check_lines(rdt, err);
	if (r < 0)
		return r;
	struct keg_err why;
	autofd int root = resctrl_open(&why);
	if (root < 0)
		return keg_fail(err, why.code, "intelRdt is specified in config, but %s", why.msg);
	return check_kinds(root, rdt->l3_cache_schema, rdt->mem_bw_schema, err);
}

static void add_line(struct keg_buf *lines, const char *line)
{
	if (!keg_str_empty(line))
		keg_buf_printf(lines, "%s\n", line);
}

/* The specification: who names a group that nobody divides means one that is there. */
static int check_there(int root, const struct oci_intel_rdt *rdt, struct keg_err *err)
{
	if (keg_str_empty(rdt->clos_id) || divides(rdt) || resctrl_exists(root, rdt->clos_id))
		return 0;
	return keg_fail(err, KEG_ENOTFOUND,
			"intelRdt: group %s has to exist when no schema is given", rdt->clos_id);
}

int rdt_make(const struct oci_linux *os, const char *id, struct state_record *record,
	     struct keg_arena *arena, struct keg_err *err)
{
	const struct oci_intel_rdt *rdt = os->intel_rdt;
	auto(keg_buf) lines = { 0 };

	if (!rdt)
		return 0;
	const bool own = keg_str_empty(rdt->clos_id);
	const char *group = own ? id : rdt->clos_id;
	if (!resctrl_is_group(group))
		return keg_fail(err, KEG_EUSAGE, "intelRdt: %s is no name for a group", group);
	autofd int root = resctrl_open(err);
	bool made = false;
	int r = root < 0 ? root : check_there(root, rdt, err);
	if (r >= 0)
		r = resctrl_make(root, group, &made, err);
	if (r < 0)
		return r;
	record->rdt_group = keg_arena_strdup(arena, group);
	record->rdt_made = own && made;
	if (counts(rdt)) {
		r = resctrl_make_monitor(root, group, id, err);
		record->rdt_monitor = r >= 0;
	}
	add_line(&lines, rdt->l3_cache_schema);
	add_line(&lines, rdt->mem_bw_schema);
	for (size_t i = 0; i < rdt->n_schemata; i++)
		add_line(&lines, rdt->schemata[i]);
	return r < 0 || lines.len == 0 ? r : resctrl_divide(root, group, keg_buf_text(&lines), err);
}

static const char *monitor_of(const struct state_record *record)
{
	return record->rdt_monitor ? record->id : NULL;
}

int rdt_add(const struct state_record *record, pid_t pid, struct keg_err *err)
{
	if (!record->rdt_group)
		return 0;
	autofd int root = resctrl_open(err);
	return root < 0 ? root : resctrl_add(root, record->rdt_group, monitor_of(record), pid, err);
}

int rdt_update(const struct state_record *record, const char *l3, const char *mb,
	       struct keg_err *err)
{
	auto(keg_buf) lines = { 0 };
	autofd int root = resctrl_open(err);
	int r = root < 0 ? root : check_kinds(root, l3, mb, err);

	if (r >= 0)
		r = check_line(l3, "L3", err);
	if (r >= 0)
		r = check_line(mb, "MB:", err);
	if (r < 0)
		return r;
	if (!record->rdt_group)
		return keg_fail(err, KEG_EUSAGE,
				"updating a non-existent Intel RDT configuration is not supported");
	add_line(&lines, l3);
	add_line(&lines, mb);
	return resctrl_divide(root, record->rdt_group, keg_buf_text(&lines), err);
}

void rdt_stat(const struct state_record *record, struct json_object *data)
{
	struct keg_err ignored;
	autofd int root = record->rdt_group ? resctrl_open(&ignored) : -1;

	if (root >= 0)
		json_object_object_add(data, "intel_rdt",
				       stats_rdt(root, record->rdt_group, monitor_of(record)));
}

int rdt_remove(const struct state_record *record, struct keg_err *err)
{
	int r = 0;

	if (!record->rdt_made && !record->rdt_monitor)
		return 0;
	autofd int root = resctrl_open(err);
	/* Unmounted, it holds no groups. */
	if (root < 0)
		return 0;
	if (record->rdt_monitor)
		r = resctrl_remove(root, record->rdt_group, record->id, err);
	return r < 0 || !record->rdt_made ? r : resctrl_remove(root, record->rdt_group, NULL, err);
}
