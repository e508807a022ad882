/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - processes named across commands: a pid alone may have been given to another. */
#ifndef KEG_ENGINE_PROCESS_H
#define KEG_ENGINE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* When it started, in clock ticks since the boot (proc(5), stat field 22); 0: no such process. */
uint64_t process_born(pid_t pid);

/* Does the process that was born then still live (and is no zombie)? */
bool process_is(pid_t pid, uint64_t born);

#endif
