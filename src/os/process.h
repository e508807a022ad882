/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - processes by descriptor: clone into namespaces and a cgroup, wait, identify. */
#ifndef KEG_OS_PROCESS_H
#define KEG_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct process_clone {
	uint64_t flags; /* CLONE_NEW*, CLONE_PARENT */
	int cgroup;	/* folder of a v2 cgroup to be born in, or -1 */
};

/*
 * As fork() by clone3(2): 0 in the child, the child's id in the parent, which owns *pidfd (may
 * be NULL). The calling process has one thread. Where the kernel refuses the cgroup (a
 * threaded or limited one), that is the error.
 */
pid_t process_clone(const struct process_clone *how, int *pidfd,
		    struct keg_err *err) KEG_MUST_CHECK;

/* A pidfd for an id; KEG_ENOTFOUND when there is no such process. */
int process_open(pid_t pid, struct keg_err *err) KEG_MUST_CHECK;

/* Wait for a child; the exit status as shells give it (128 + signal). */
int process_wait(pid_t pid, struct keg_err *err) KEG_MUST_CHECK;
/* Has the process of a pidfd ended, be it waited for or not? */
bool process_has_ended(int pidfd);

/* Kill a process that we cloned, and with a pidfd (may be -1) see it end; its parent reaps it. */
void process_end(pid_t pid, int pidfd);

struct process_id {
	uint64_t start; /* clock ticks after boot; with the pid, unique */
	char state;	/* 'R', 'S', 'Z' ... */
	pid_t parent;
};
/* From /proc/PID/stat; KEG_ENOTFOUND when there is no such process. */
int process_identify(pid_t pid, struct process_id *out, struct keg_err *err) KEG_MUST_CHECK;

/* Every signal unblocked and at its default, as a program expects it. */
void process_reset_signals(void);

/* The program that the process executes gets 0 to 2 and these descriptors, and no others. */
int process_pass_descriptors(const int *fds, size_t n, struct keg_err *err) KEG_MUST_CHECK;

/* Close all descriptors from `from` on but these, in any order; -1 among them is none. */
int process_close_others(unsigned from, const int *keep, size_t n,
			 struct keg_err *err) KEG_MUST_CHECK;

#endif
