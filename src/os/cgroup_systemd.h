/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_systemd.h - what the cgroup_systemd*.c files share; nobody else includes it. */
#ifndef KEG_OS_CGROUP_SYSTEMD_H
#define KEG_OS_CGROUP_SYSTEMD_H

#include "base/json.h"
#include "base/mem.h"
#include "os/cgroup.h"
#include "os/systemd_bus.h"

/* A list that is filled; all of it lives in the arena. */
struct unit_properties {
	struct keg_arena arena;
	struct systemd_property *v;
	size_t n, room;
};
void unit_properties_done(struct unit_properties *list);
KEG_AUTO(unit_properties, unit_properties_done)

void unit_properties_add(struct unit_properties *list, const struct systemd_property *property);
void unit_properties_add_bool(struct unit_properties *list, const char *name, bool value);
void unit_properties_add_u64(struct unit_properties *list, const char *name, uint64_t value);
void unit_properties_add_text(struct unit_properties *list, const char *name, const char *value);

/*
 * What of the limits systemd has properties for. `unified`: cgroup v2, whose properties have other
 * names; `version` is systemd's, which does not know all of them. What is left out is only in the
 * group's files.
 */
int unit_properties_of_limits(struct unit_properties *list, const struct cgroup_resources *limits,
			      bool unified, unsigned version, struct keg_err *err) KEG_MUST_CHECK;
/* The device rules, where systemd can say them; else no rules of its own, beside those in the
 * group. */
void unit_properties_of_devices(struct unit_properties *list,
				const struct cgroup_device_rule *rules, size_t n);
/* systemd counts CPU time in hundredths: what a quota becomes, rounded up. */
int64_t unit_quota_round(int64_t quota, uint64_t period);

/*
 * A property as annotations have it, in GVariant's text form: true, 'text', 12, uint64 12,
 * ['a', 'b']. A name in "Sec" is in seconds and becomes the one in "USec" that the bus knows.
 */
int unit_property_parse(struct unit_properties *list, const char *name, const char *value,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
