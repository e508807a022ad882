/* SPDX-License-Identifier: Apache-2.0 */
/*
 * userns_share.h - the user namespace that all containers of an ordinary user share: a file
 * in the run folder names a process (a monitor) that is in it.
 */
#ifndef KEG_ENGINE_USERNS_SHARE_H
#define KEG_ENGINE_USERNS_SHARE_H

#include <sys/types.h>

/* A living process in our namespace, or 0. */
pid_t userns_share_find(const char *rundir);

/* Let others find this one; failure only costs them time. */
void userns_share_publish(const char *rundir, pid_t pid);

#endif
