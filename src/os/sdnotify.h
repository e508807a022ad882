/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sdnotify.h - the messages by which a service says that it is ready (sd_notify(3)), from both
 * ends: a socket for the processes of a container, and the service manager of the host.
 */
#ifndef KEG_OS_SDNOTIFY_H
#define KEG_OS_SDNOTIFY_H

#include <stdbool.h>

#include "base/err.h"

/* A socket at `name` in a folder to which everybody may write; one that is there is replaced. */
int sdnotify_bind(int folder, const char *name, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Take the next message, if there is one: does it say READY=1? All else that a container says is
 * not to be trusted, and dropped.
 */
bool sdnotify_take_ready(int socket);

/* An absolute path, or "@" and a name without a file: what an address can be, and how long. */
int sdnotify_check(const char *address, struct keg_err *err) KEG_MUST_CHECK;

/* Connect to the manager's socket; the caller owns the descriptor. */
int sdnotify_connect(const char *address, struct keg_err *err) KEG_MUST_CHECK;

/* One message of one variable, "NAME=value". */
int sdnotify_send(int socket, const char *message, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Until the manager has read what was sent, so that it still finds the sender; or for as long as
 * systemd-notify(1) waits for one that does not know of it.
 */
int sdnotify_barrier(int socket, struct keg_err *err) KEG_MUST_CHECK;

#endif
