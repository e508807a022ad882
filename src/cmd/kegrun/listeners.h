/* SPDX-License-Identifier: Apache-2.0 */
/* listeners.h - the sockets that systemd opened for a service (sd_listen_fds(3)), passed on. */
#ifndef KEG_CMD_KEGRUN_LISTENERS_H
#define KEG_CMD_KEGRUN_LISTENERS_H

#include "base/mem.h"
#include "spec/runtime_config.h"

/* How many there are by LISTEN_FDS, from descriptor 3 on. As crun, whoever they were meant for. */
unsigned listeners_count(void);

/* Tell the process of them, as runc does: who is 1 in the container is the one to take them. */
void listeners_announce(unsigned n, struct oci_process *process, struct keg_arena *arena);

#endif
