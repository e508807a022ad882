/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joining.h - a process on its way into a running container.
 *
 * exec.c prepares it, clones it and serves it; joining.c is what it does itself. The child inherits
 * this as memory. All descriptors are close-on-exec and the parent's to close.
 */
#ifndef KEG_RUNTIME_JOINING_H
#define KEG_RUNTIME_JOINING_H

#include "os/seccomp.h"
#include "runtime/state.h"
#include "runtime/sync.h"

struct joining {
	const struct runtime_context *ctx;
	const struct runtime_exec_request *req;
	struct state_container container;
	struct oci_process process;
	struct cgroup *group;
	struct seccomp_filter filter;
	bool filtered;
	int init;	 /* pidfd of the container's first process */
	uint64_t spaces; /* CLONE_NEW* that are not ours already */
	int console;	 /* a socket for the terminal, or -1 */
	int notify;	 /* a socket for the seccomp listener, or -1 */
	struct sync_pair sync;
	int pidfd;
	pid_t pid;
};

/*
 * In the child, cloned into the container's pid namespace: everything up to the exec. `cloned`
 * says that it was born in the v2 group. Reports by `sync` and does not return.
 */
KEG_NORETURN void joining_run(struct joining *j, bool cloned);

/*
 * In a child that is cloned where we are: enter the user and pid namespace, clone the real one,
 * report its id, and end. That one waits for a GO, as it lacks the host's privileges.
 */
KEG_NORETURN void joining_run_between(struct joining *j, bool cloned);

#endif
