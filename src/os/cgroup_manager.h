/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_manager.h - somebody else who makes and keeps the container's control group: systemd.
 *
 * An interface, so that a program says by what it links whether it can: cgroup_systemd opens a
 * shared library, which a static program must not. The manager makes the group around a process
 * of ours, as a unit by name. The rest stays as it is without one: limits are also written to the
 * group's files, and processes enter it there, but where only the manager may move them.
 */
#ifndef KEG_OS_CGROUP_MANAGER_H
#define KEG_OS_CGROUP_MANAGER_H

#include "base/json.h"
#include "base/mem.h"
#include "os/cgroup.h"

/* A unit that is, or is to be: by its name, of the system or of the user. */
struct cgroup_unit {
	const char *name;
	bool user;
};

struct cgroup_manager {
	/*
	 * The unit for linux.cgroupsPath "slice:prefix:name" and the container's id: its name, and
	 * the slice it goes into (NULL: the default one). Both live in the arena.
	 */
	int (*name)(const char *path, const char *id, const char **name, const char **slice,
		    struct keg_arena *arena, struct keg_err *err);
	/*
	 * Make limits such as the manager can keep, so that it and the files say the same; what is
	 * changed lives in the arena.
	 */
	void (*adjust)(struct cgroup_resources *limits, struct keg_arena *arena);
	/*
	 * Make the unit with the process `pid` (0: with none, a slice) in it, with the limits and
	 * with properties from annotations ("CollectMode": "'inactive-or-failed'"). *group is the
	 * path of its control group, which the caller frees.
	 */
	int (*start)(const struct cgroup_unit *unit, const char *slice, pid_t pid,
		     const struct cgroup_resources *limits, const struct keg_pair *properties,
		     size_t n_properties, char **group, struct keg_err *err);
	/* Change its limits. */
	int (*set)(const struct cgroup_unit *unit, const struct cgroup_resources *limits,
		   struct keg_err *err);
	/* Move a process that we may not move ourselves into the unit's group, or `below` ("/x")
	 * it. */
	int (*attach)(const struct cgroup_unit *unit, const char *below, pid_t pid,
		      struct keg_err *err);
	/* End the unit, or one without processes only. One that is gone is fine. */
	int (*stop)(const struct cgroup_unit *unit, bool only_idle, struct keg_err *err);
};

/* systemd's, in a library of its own: keg_os_systemd. */
extern const struct cgroup_manager cgroup_systemd;

#endif
