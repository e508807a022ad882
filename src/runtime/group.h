/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - the container's control group over its life, whoever makes it.
 *
 * Without a manager the group is a folder that we make. With systemd it is a unit that systemd
 * makes around a process; the first process of the container is not there yet, so that the limits
 * can be in place before it is: a stand-in waits in the group until the container's is in it.
 */
#ifndef KEG_RUNTIME_GROUP_H
#define KEG_RUNTIME_GROUP_H

#include "runtime/creation.h"

/* Make it with its limits, and record where it is before it is made. */
int group_make(struct creation *c, struct keg_err *err) KEG_MUST_CHECK;

/* The first process is in it: the stand-in has done its duty. Also where there is none. */
int group_settle(struct creation *c, struct keg_err *err) KEG_MUST_CHECK;

/* Remove what group_make() made. */
void group_unmake(struct creation *c);

/* Give it to the root user of the container, where the specification says so. */
int group_give(struct creation *c, struct keg_err *err) KEG_MUST_CHECK;

/* Move a process into `group` by the manager, who may where we may not. */
int group_move(const struct runtime_context *ctx, const struct state_record *record,
	       struct cgroup *group, pid_t pid, struct keg_err *err) KEG_MUST_CHECK;
/* Is there somebody to do so? */
bool group_can_move(const struct runtime_context *ctx, const struct state_record *record);

/* Change the limits of a running container. */
int group_update(const struct runtime_context *ctx, const struct state_record *record,
		 struct cgroup *group, struct cgroup_resources *limits, struct keg_arena *arena,
		 struct keg_err *err) KEG_MUST_CHECK;

/*
 * Kill what is in it and remove it; `group` is NULL where there is none. With `spare` whoever is in
 * it is spared, and then it is KEG_EBUSY.
 */
int group_remove(const struct runtime_context *ctx, const struct state_record *record,
		 struct cgroup *group, bool spare, struct keg_err *err) KEG_MUST_CHECK;

#endif
