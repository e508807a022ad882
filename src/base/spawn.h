/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - other programs: start them, feed them, collect what they say. */
#ifndef KEG_BASE_SPAWN_H
#define KEG_BASE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct keg_spawn {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *program;	 /* NULL: argv[0]; else this is, and argv[0] is only told */
	int opened;		 /* above 0: the program itself, opened, and the above its name */
	const char *const *env;	 /* NULL: ours */
	const char *dir;	 /* NULL: ours */
	int in, out, errfd;	 /* descriptors for 0, 1, 2; KEG_SPAWN_NULL or KEG_SPAWN_KEEP */
	const int *keep;	 /* further descriptors, each kept under its own number */
	size_t n_keep;
};
enum { KEG_SPAWN_KEEP = -1, KEG_SPAWN_NULL = -2 };

/* The path of the program that PATH has by this name, or `name` itself with a slash in it; NULL
 * when that is none to execute. The caller frees. */
char *keg_find_program(const char *name);

/*
 * Start a program; every descriptor but those named is closed in it and signals are at
 * their defaults. Returns a pidfd that the caller owns; *pid (may be NULL) is for printing
 * and for waiting. A program that is not there is KEG_ENOTFOUND, here and not later.
 */
int keg_spawn(const struct keg_spawn *what, pid_t *pid, struct keg_err *err) KEG_MUST_CHECK;

/* Wait for it; the exit status as shells give it (128 + signal). Does not close the pidfd. */
int keg_spawn_wait(int pidfd, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Run to the end with `input` (may be NULL) on stdin; stdout is appended to *out and stderr
 * to *errout where not NULL, at most `most` bytes each. Returns the exit status.
 */
int keg_spawn_run(const char *const *argv, const char *input, size_t most, struct keg_buf *out,
		  struct keg_buf *errout, struct keg_err *err) KEG_MUST_CHECK;

#endif
