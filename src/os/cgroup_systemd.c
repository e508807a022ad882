/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd as the manager: a container is a scope (or, by its name, a slice), which systemd makes
 * around a process that exists and removes when none is left. Names and defaults are runc's, as
 * engines and kubelets count on them: "slice:prefix:name" is prefix-name.scope in the slice.
 */
#include <string.h>

#include "base/strv.h"
#include "os/cgroup_internal.h"
#include "os/cgroup_manager.h"
#include "os/cgroup_systemd.h"

#define DEFAULT_PREFIX "kegrun"

enum { UNIT_NAME_MAX = 255 }; /* systemd's */

static int check_unit(const char *name, struct keg_err *err)
{
	if (strlen(name) > UNIT_NAME_MAX)
		return keg_fail(err, KEG_EUSAGE, "systemd unit name is longer than %d: %.64s...",
				UNIT_NAME_MAX, name);
	if (strchr(name, '/'))
		return keg_fail(err, KEG_EUSAGE, "invalid systemd unit name: %s", name);
	return 0;
}

/* "a-b.slice", without empty components; "-.slice" is the root. */
static int check_slice(const char *name, struct keg_err *err)
{
	size_t len = strlen(name), suffix = sizeof ".slice" - 1;
	bool bad = len <= suffix || !keg_str_ends(name, ".slice") || strchr(name, '/');

	if (!bad && strcmp(name, "-.slice") != 0)
		bad = name[0] == '-' || name[len - suffix - 1] == '-' || strstr(name, "--");
	return bad ? keg_fail(err, KEG_EUSAGE, "invalid slice name: %s", name) : 0;
}

static int name_unit(const char *path, const char *id, const char **name, const char **slice,
		     struct keg_arena *arena, struct keg_err *err)
{
	auto(keg_strv) parts = { 0 };
	int r;

	*slice = NULL;
	if (keg_str_empty(path)) {
		*name = keg_arena_printf(arena, DEFAULT_PREFIX "-%s.scope", id);
		return check_unit(*name, err);
	}
	keg_strv_split(&parts, path, ':');
	if (parts.n != 3 || !parts.v[2][0])
		return keg_fail(err, KEG_EUSAGE,
				"expected cgroupsPath to be of format \"slice:prefix:name\" for "
				"systemd cgroups, got \"%s\" instead",
				path);
	if (parts.v[0][0]) {
		r = check_slice(parts.v[0], err);
		if (r < 0)
			return r;
		*slice = keg_arena_strdup(arena, parts.v[0]);
	}
	if (keg_str_ends(parts.v[2], ".slice")) {
		*name = keg_arena_strdup(arena, parts.v[2]);
		return check_slice(*name, err);
	}
	*name = keg_arena_printf(arena, "%s%s%s.scope", parts.v[1], parts.v[1][0] ? "-" : "",
				 parts.v[2]);
	return check_unit(*name, err);
}

static void adjust(struct cgroup_resources *limits, struct keg_arena *arena)
{
	if (!CGROUP_ASKED(limits->cpu.quota))
		return;
	int64_t *quota = keg_arena_alloc(arena, 1, sizeof *quota);

	*quota = unit_quota_round(*limits->cpu.quota, limits->cpu.period ? *limits->cpu.period : 0);
	limits->cpu.quota = quota;
}

/* Where it is and what is always so. */
static void add_basics(struct unit_properties *list, const struct cgroup_unit *unit,
		       const char *slice, pid_t pid, bool unified)
{
	static const char *const accounting[] = { "MemoryAccounting", "CPUAccounting",
						  "TasksAccounting" };
	const char **wants = keg_arena_alloc(&list->arena, 1, sizeof *wants);

	if (!slice)
		slice = unit->user ? "user.slice" : "system.slice";
	*wants = slice;
	unit_properties_add_text(list, "Description",
				 keg_arena_printf(&list->arena, "keg container %s", unit->name));
	if (pid) {
		unit_properties_add_text(list, "Slice", slice);
		unit_properties_add_bool(list, "Delegate", true);
		unit_properties_add(list, &(struct systemd_property){ .name = "PIDs",
								      .kind = SYSTEMD_PID,
								      .number = (uint64_t)pid });
		/* A container's end is no failure of systemd's to be kept for inspection. */
		unit_properties_add_text(list, "CollectMode", "inactive-or-failed");
	} else {
		/* A slice is below another by its name; that one must be there. */
		unit_properties_add(list, &(struct systemd_property){ .name = "Wants",
								      .kind = SYSTEMD_TEXTS,
								      .texts = wants,
								      .n = 1 });
	}
	for (size_t i = 0; i < KEG_COUNT(accounting); i++)
		unit_properties_add_bool(list, accounting[i], true);
	unit_properties_add_bool(list, unified ? "IOAccounting" : "BlockIOAccounting", true);
	/* Else it would be ordered after, and stopped before, half of the boot. */
	unit_properties_add_bool(list, "DefaultDependencies", false);
}

static int start(const struct cgroup_unit *unit, const char *slice, pid_t pid,
		 const struct cgroup_resources *limits, const struct keg_pair *properties,
		 size_t n_properties, char **group, struct keg_err *err)
{
	auto(unit_properties) list = { 0 };
	autoptr(systemd_bus) bus = NULL;
	bool unified = cgroup_host_is_unified();
	int r = 0;

	add_basics(&list, unit, slice, pid, unified);
	/* The user's own come later, and a later one wins. */
	for (size_t i = 0; i < n_properties && r >= 0; i++)
		r = unit_property_parse(&list, properties[i].key, properties[i].value, err);
	if (r >= 0)
		r = systemd_bus_open(unit->user, &bus, err);
	if (r < 0)
		return r;
	if (limits->n_devices && !unit->user)
		unit_properties_of_devices(&list, limits->devices, limits->n_devices);
	r = unit_properties_of_limits(&list, limits, unified, systemd_bus_version(bus), err);
	if (r >= 0)
		r = systemd_bus_start(bus, unit->name, list.v, list.n, err);
	if (r < 0)
		return r;
	r = systemd_bus_group(bus, unit->name, group, err);
	if (r < 0) {
		struct keg_err ignored;

		(void)!systemd_bus_stop(bus, unit->name, &ignored);
	}
	return r;
}

static int set(const struct cgroup_unit *unit, const struct cgroup_resources *limits,
	       struct keg_err *err)
{
	auto(unit_properties) list = { 0 };
	autoptr(systemd_bus) bus = NULL;
	int r = systemd_bus_open(unit->user, &bus, err);

	if (r >= 0)
		r = unit_properties_of_limits(&list, limits, cgroup_host_is_unified(),
					      systemd_bus_version(bus), err);
	if (r < 0 || list.n == 0)
		return r;
	return systemd_bus_set(bus, unit->name, list.v, list.n, err);
}

static int attach(const struct cgroup_unit *unit, const char *below, pid_t pid, struct keg_err *err)
{
	autoptr(systemd_bus) bus = NULL;
	int r = systemd_bus_open(unit->user, &bus, err);

	return r < 0 ? r : systemd_bus_attach(bus, unit->name, below, pid, err);
}

/* 1: nobody is in it, 0: somebody is, or there is no such unit. */
static int is_idle(struct systemd_bus *bus, const char *unit, struct keg_err *err)
{
	autofree char *path = NULL;
	int r = systemd_bus_group(bus, unit, &path, err);

	if (r < 0)
		return r == -KEG_ENOTFOUND ? 0 : r;

	autoptr(cgroup) group = NULL;
	r = cgroup_open(path, &group, err);
	if (r < 0)
		return r;

	autofree pid_t *pids = NULL;
	size_t n = 0;
	r = cgroup_pids(group, &pids, &n, err);
	return r < 0 ? r : n == 0;
}

static int stop(const struct cgroup_unit *unit, bool only_idle, struct keg_err *err)
{
	autoptr(systemd_bus) bus = NULL;
	int r = systemd_bus_open(unit->user, &bus, err);

	if (r >= 0 && only_idle)
		r = is_idle(bus, unit->name, err);
	if (r < 0 || (only_idle && r == 0))
		return r;
	return systemd_bus_stop(bus, unit->name, err);
}

const struct cgroup_manager cgroup_systemd = {
	.name = name_unit,
	.adjust = adjust,
	.start = start,
	.set = set,
	.attach = attach,
	.stop = stop,
};
