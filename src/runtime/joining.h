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
#include "runtime/preserved.h"
#include "runtime/state.h"
#include "runtime/sync.h"

struct joining {
	const struct runtime_context *ctx;
	const struct runtime_exec_request *req;
	struct state_container container;
	struct oci_process process;
	struct cgroup *group;
	bool is_moved; /* into the group, by its manager; GO says when that is done */
	struct seccomp_filter filter;
	bool filtered;
	int init;	 /* pidfd of the container's first process */
	uint64_t spaces; /* CLONE_NEW* that are not ours already */
	int console;	 /* a socket for the terminal, or -1 */
	int notify;	 /* a socket for the seccomp listener, or -1 */
	struct preserved preserved;
	struct sync_pair sync;
	int pidfd;
	pid_t pid;
};

/*
 * A process is born into the pid namespace, so that those of the container see it from its first
 * instruction on: already then none of them may trace it, or reach what it has open and executes
 * through /proc (CVE-2016-9962, CVE-2019-5736). The exec makes it dumpable again.
 */
int joining_hide(struct keg_err *err) KEG_MUST_CHECK;

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
