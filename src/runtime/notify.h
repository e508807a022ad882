/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h - the seccomp listener of a filter that asks an agent, passed to that agent. */
#ifndef KEG_RUNTIME_NOTIFY_H
#define KEG_RUNTIME_NOTIFY_H

#include "runtime/state.h"

/* Connect to linux.seccomp.listenerPath; the caller owns the descriptor. */
int notify_connect(const struct oci_seccomp *seccomp, struct keg_err *err) KEG_MUST_CHECK;

struct notify_process {
	int pidfd, sync; /* of the process, and the parent's end to talk with it */
	pid_t pid;
	const char *status; /* of the container, for the agent */
};

/*
 * The process said SYNC_NOTIFY with the number of its descriptor: fetch that by its pidfd, send
 * it through `socket` with the containerProcessState of the specification, and let it go on.
 */
int notify_pass(const struct notify_process *process, int64_t number, int socket,
		const struct state_record *record, const struct oci_config *config,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
