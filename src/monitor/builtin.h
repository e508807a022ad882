/* SPDX-License-Identifier: Apache-2.0 */
/* builtin.h - our own runtime as a library call, in the child that launch.h forks. */
#ifndef KEG_MONITOR_BUILTIN_H
#define KEG_MONITOR_BUILTIN_H

#include "monitor/launch.h"

/* Create, or exec; a failure goes to `errors` as a struct keg_err. The child's exit status. */
int builtin_run(const struct launch *launch, int errors);

#endif
