/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - the terminal of a process: made in the container, held outside. */
#ifndef KEG_RUNTIME_CONSOLE_H
#define KEG_RUNTIME_CONSOLE_H

#include "spec/runtime_config.h"

/*
 * A new terminal of the devpts below `root` becomes our controlling terminal and streams; its
 * other side goes through `socket`. With `bind` it is /dev/console too. The caller leads its
 * session.
 */
int console_make(int root, int socket, const struct oci_process *process, bool bind,
		 struct keg_err *err) KEG_MUST_CHECK;

/* Connect to a console socket by its path; the caller owns the descriptor. */
int console_connect(const char *path, struct keg_err *err) KEG_MUST_CHECK;

#endif
