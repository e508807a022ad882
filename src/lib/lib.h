/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib.h - libkeg: what other programs may call, over the layers that our own programs use.
 *
 * include/keg/runtime.h, image.h and store.h are the contract. Here are their parts: runtime.c the
 * context, error.c errors, call.c how kegrun is made to do what a program with threads cannot;
 * process.c, control.c and query.c the operations; image.c moves images, store.c says which there
 * are. Nothing else of the layers is visible in the library (libkeg.map).
 */
#ifndef KEG_LIB_LIB_H
#define KEG_LIB_LIB_H

#include <keg/runtime.h>

#include "runtime/remote.h"

struct keg_runtime {
	char *root, *cache, *program;
	unsigned flags;
	void (*log)(void *data, enum keg_runtime_log_level level, const char *text);
	void *data;
};

/* Where err->code says so, make an error object at *out (may be NULL). Returns the negative code.
 */
int lib_fail(struct keg_runtime_error **out, const struct keg_err *err);

/*
 * The caller's versioned struct as ours, of `size` bytes: members that he has not stay as they are
 * in *out, members that we have not must be zero.
 */
int lib_take(void *out, size_t size, const void *theirs, struct keg_err *err) KEG_MUST_CHECK;

/* No flag but the known ones. */
int lib_check_flags(unsigned flags, unsigned known, struct keg_err *err) KEG_MUST_CHECK;

/* For the operations that make no process. */
struct runtime_context lib_context(const struct keg_runtime *rt);

/*
 * Have kegrun carry out a call, of which only the operation's own members are filled in. *pid is
 * what it made (may be NULL). What it left over is waited for.
 */
int lib_call(const struct keg_runtime *rt, const struct keg_runtime_io *io,
	     struct remote_call *call, pid_t *pid, struct keg_err *err) KEG_MUST_CHECK;

#endif
