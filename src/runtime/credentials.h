/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h - what a process is and may: user, groups, capabilities, limits, labels. */
#ifndef KEG_RUNTIME_CREDENTIALS_H
#define KEG_RUNTIME_CREDENTIALS_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/runtime.h"

/*
 * Limits of a process (0: our own), set from outside its user namespace as they need privileges on
 * the host. `lenient`: an OOM score that may not be lowered stays.
 */
int credentials_limit(pid_t pid, const struct oci_process *process, bool lenient,
		      struct keg_err *err) KEG_MUST_CHECK;
/* That of open files, which comes last: making a container may take more than it is to have. */
int credentials_limit_files(pid_t pid, const struct oci_process *process,
			    struct keg_err *err) KEG_MUST_CHECK;

/*
 * Without CAP_SYS_RESOURCE a hard limit cannot be raised: where we are rootless the limits of
 * *process are lowered to what we have, with a warning. The list is copied into the arena for that.
 */
void credentials_fit_limits(const struct runtime_context *ctx, struct oci_process *process,
			    struct keg_arena *arena);

/*
 * Check the names before anything is cloned; capabilities that are unknown, or not ours to give,
 * are only warned of. `os` is the container's.
 */
int credentials_check(const struct runtime_context *ctx, const struct oci_linux *os,
		      const struct oci_process *process, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Enter the working folder below `root`, "/" of the container. A network file system may know the
 * user only: *late says that it is left to credentials_assume().
 */
int credentials_enter_folder(const struct oci_process *process, int root, bool *late,
			     struct keg_err *err) KEG_MUST_CHECK;

struct credentials_how {
	int procfs;	  /* the host's: what the container has for /proc is its own affair */
	bool late_folder; /* as credentials_enter_folder() says */
	bool keep_groups; /* the supplementary groups stay the caller's */
	bool as_crun;	  /* struct runtime_context */
};

/*
 * Become the user: streams' owner, bounding set, groups, ids, capabilities. Calls nothing that a
 * filter made for programs would not allow. no_new_privs is the caller's affair.
 */
int credentials_assume(const struct oci_process *process, const struct credentials_how *how,
		       struct keg_err *err) KEG_MUST_CHECK;

/* AppArmor and SELinux labels for the exec; `procfs` is a /proc of the host. */
int credentials_label(const struct oci_process *process, int procfs,
		      struct keg_err *err) KEG_MUST_CHECK;

/* Root in a user namespace that was just entered or made. */
int credentials_become_root(bool keep_groups, struct keg_err *err) KEG_MUST_CHECK;

#endif
