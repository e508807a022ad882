/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.h - an operation that another process carries out.
 *
 * A program that embeds the library has threads, descriptors, handlers of signals and an executable
 * file of its own, and none of them may reach a container. So whatever makes a process is done by
 * `kegrun __call FD`, which has one thread, only the descriptors that it was given, and an
 * executable file that containers cannot write (self.c). FD is a file that holds the call as JSON;
 * the answer comes as messages on a socket whose number is part of the call. What is made is a
 * child of the caller (struct runtime_context, orphan).
 */
#ifndef KEG_RUNTIME_REMOTE_H
#define KEG_RUNTIME_REMOTE_H

#include "runtime/runtime.h"

#define REMOTE_COMMAND "__call"

struct remote_call {
	const char *version; /* of the caller: both are of one build, or it is refused */
	const char *operation, *id, *root, *cache;
	bool rootless, no_cgroups, systemd, debug;
	int answers; /* the socket */
	int console; /* a socket that wants the terminal, or -1 */
	uint32_t *fds;
	size_t n_fds; /* descriptors that the process gets as 3, 4, ... */
	const char *pid_file;

	const char *bundle, *config_path;
	struct json_object *config; /* NULL: read from the bundle */
	bool no_pivot, no_new_keyring;

	struct json_object *process;
	const char **cgroups;
	size_t n_cgroups;
	bool ignore_paused;

	bool force;

	struct json_object *resources;
};

/* The words of `operation`. */
#define REMOTE_CREATE "create"
#define REMOTE_START "start"
#define REMOTE_EXEC "exec"
#define REMOTE_DELETE "delete"
#define REMOTE_UPDATE "update"

enum remote_kind {
	REMOTE_WARNING, /* a line in err.msg */
	REMOTE_DEBUG,
	REMOTE_ORPHAN, /* a process that the caller shall wait for and forget */
	REMOTE_DONE,   /* the last: `pid` was made */
	REMOTE_FAILED, /* the last: err says why */
};

struct remote_answer {
	enum remote_kind kind;
	pid_t pid;
	struct keg_err err;
};

/* The call as a file that is read from its start; the caller closes it. */
int remote_write(const struct remote_call *call, struct keg_err *err) KEG_MUST_CHECK;

/*
 * In kegrun: carry out what the file says, with what the program has of systemd (or NULL). The
 * result is the program's exit status.
 */
int remote_serve(const char *file, const char *version, const struct cgroup_manager *manager);

#endif
