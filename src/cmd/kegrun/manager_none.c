/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/manager.h"

const struct cgroup_manager *const kegrun_manager = NULL;
