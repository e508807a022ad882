/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - the terminal of a process: made in the container, held outside. */
#ifndef KEG_RUNTIME_CONSOLE_H
#define KEG_RUNTIME_CONSOLE_H

#include "runtime/runtime.h"

/*
 * A new terminal of the devpts below `root` becomes our controlling terminal and streams; its
 * other side goes through `socket`. With `bind` it is /dev/console too. The caller leads its
 * session.
 */
int console_make(int root, int socket, const struct oci_process *process, bool bind,
		 struct keg_err *err) KEG_MUST_CHECK;

/*
 * The socket for the terminal of a process that has one: `given`, that of the request's, or a
 * connection to where it says. *out, which the caller owns, stays as it is where there is no
 * terminal.
 */
int console_socket_open(const struct runtime_io *io, bool terminal, int given, int *out,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
