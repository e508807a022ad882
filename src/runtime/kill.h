/* SPDX-License-Identifier: Apache-2.0 */
/* kill.h - what else it takes that a process which was killed ends. */
#ifndef KEG_RUNTIME_KILL_H
#define KEG_RUNTIME_KILL_H

#include "runtime/state.h"

/*
 * In a frozen group a signal waits until it is thawed; v2 kills even so, v1 does not. A container
 * that is not frozen stays as it is.
 */
void kill_thaw(const struct state_record *record);

/*
 * Did all of the container's processes end, with the first one of their namespace? Whoever is
 * in its group is then likely another container's with the same linux.cgroupsPath.
 */
bool kill_is_over(const struct state_container *container);

#endif
