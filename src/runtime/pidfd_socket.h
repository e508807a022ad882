/* SPDX-License-Identifier: Apache-2.0 */
/* pidfd_socket.h - the pidfd of a new process, given to somebody who listens for it. */
#ifndef KEG_RUNTIME_PIDFD_SOCKET_H
#define KEG_RUNTIME_PIDFD_SOCKET_H

#include "base/err.h"

/* Send it to the listener at `path` in one message, with `kind` as the bytes beside it. */
int pidfd_socket_send(const char *path, int pidfd, const char *kind,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
