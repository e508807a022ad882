/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creation.h - a container on its way into being: shared by create and run.
 *
 * creation_begin() does all up to the point where the first process waits for its start. On
 * failure nothing is left. creation_done() releases what the creator holds, not the container.
 */
#ifndef KEG_RUNTIME_CREATION_H
#define KEG_RUNTIME_CREATION_H

#include "runtime/launch.h"
#include "runtime/state.h"
#include "runtime/sync.h"

struct creation {
	const struct runtime_context *ctx;
	const char *id;
	const struct runtime_create_request *req;
	struct keg_arena arena;
	struct oci_config config;
	struct oci_linux os;
	struct state_record record;
	struct launch launch;
	struct seccomp_filter filter;
	struct sync_pair sync;
	int bundle, folder, pidfd;
	pid_t pid;
	pid_t stand_in; /* a process that keeps the group until the first is there, or 0 */
	const int64_t *late_pids; /* a limit that has no room for both, or NULL */
	bool group_is_ours;	  /* to be deleted on failure */
	bool made;		  /* the folder is ours to remove on failure */
};

/*
 * `console` is a connected socket for the terminal that is used in place of the request's, or
 * -1. With `wait_socket` a stranger starts the container; else GO on sync.parent does.
 */
int creation_begin(struct creation *c, const struct runtime_context *ctx, const char *id,
		   const struct runtime_create_request *req, int console, bool wait_socket,
		   struct keg_err *err) KEG_MUST_CHECK;

/* Kill the process and remove group and folder: for what fails after creation_begin(). */
void creation_abandon(struct creation *c);

/* Also of {0}. */
void creation_done(struct creation *c);
KEG_AUTO(creation, creation_done)

#endif
