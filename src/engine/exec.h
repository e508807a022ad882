/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h - a further process in a running container. */
#ifndef KEG_ENGINE_EXEC_H
#define KEG_ENGINE_EXEC_H

#include <stdbool.h>

#include "engine/container.h"

struct exec_request {
	char *const *command; /* NULL-terminated */
	const struct keg_strv *env, *env_files;
	const char *user, *workdir;
	bool tty, interactive, privileged;
	unsigned preserve_fds;
};

/*
 * In the foreground: no monitor is needed, the runtime is called from here. Returns the exit
 * status (128 + signal).
 */
int exec_run(struct container *c, const struct exec_request *req,
	     struct keg_err *err) KEG_MUST_CHECK;

/* In the background, with a monitor of its own; `id` (65 bytes) is the session's. */
int exec_detach(struct container *c, const struct exec_request *req, char *id,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
