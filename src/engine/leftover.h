/* SPDX-License-Identifier: Apache-2.0 */
/* leftover.h - what a crashed start or removal can leave of a container besides its folder. */
#ifndef KEG_ENGINE_LEFTOVER_H
#define KEG_ENGINE_LEFTOVER_H

#include "engine/container.h"

/* End the processes in its control group, if there is one, and remove the group. */
int leftover_cgroup(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

/* Everything of a container that has no record: processes, mounts, cgroup, folders, pin. */
int leftover_remove(struct engine *engine, const char *id, struct keg_err *err) KEG_MUST_CHECK;

/* Unmount all that is mounted below its run folder; a runtime of another program needs that. */
void leftover_unmount(struct container *c);

#endif
