/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - finding and executing a process' program inside the container. */
#ifndef KEG_RUNTIME_COMMAND_H
#define KEG_RUNTIME_COMMAND_H

#include "runtime/runtime.h"

struct command {
	char *path;	     /* of the program */
	struct keg_strv env; /* with HOME */
};

/*
 * Look the program up as the user that we are by now, in PATH of the process' environment, and
 * say what is wrong in runc's words: KEG_ENOCOMMAND, KEG_EBADCOMMAND. HOME, where it is not
 * given, comes from the container's /etc/passwd.
 */
int command_prepare(const struct oci_process *process, struct command *out,
		    struct keg_err *err) KEG_MUST_CHECK;
void command_done(struct command *command);
KEG_AUTO(command, command_done)

/* Execute it; returns only when that failed. */
int command_exec(const struct oci_process *process, const struct command *command,
		 struct keg_err *err) KEG_MUST_CHECK;

#endif
