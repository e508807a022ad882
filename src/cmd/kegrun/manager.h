/* SPDX-License-Identifier: Apache-2.0 */
/* manager.h - the cgroup manager beside our own that this program has, by how it is linked. */
#ifndef KEG_CMD_KEGRUN_MANAGER_H
#define KEG_CMD_KEGRUN_MANAGER_H

#include "os/cgroup_manager.h"

/* NULL in a static program, which cannot open libsystemd. */
extern const struct cgroup_manager *const kegrun_manager;

#endif
