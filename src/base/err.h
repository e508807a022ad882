/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - the one error type: what failed, inside what, and what to try next.
 *
 * A fallible function takes `struct keg_err *err` last and returns a value
 * >= 0, or a negative keg_code with *err filled. It never prints. The caller
 * returns the error upward, adding context with keg_wrap(), or handles it.
 * The struct owns no memory, so it needs no release and can be written to a
 * pipe as it stands: that is how a child reports before exec.
 */
#ifndef KEG_BASE_ERR_H
#define KEG_BASE_ERR_H

#include <stdio.h>

#include "base/auto.h"

enum keg_code {
	KEG_OK = 0,
	KEG_EUSAGE,	  /* the request itself is malformed */
	KEG_ENOTFOUND,	  /* the named thing does not exist */
	KEG_EEXISTS,	  /* the named thing exists already */
	KEG_EDENIED,	  /* the kernel or a policy refused */
	KEG_EUNSUPPORTED, /* this kernel or build cannot do it */
	KEG_ECORRUPT,	  /* stored or received data breaks its format */
	KEG_ESYSTEM,	  /* any other failed system call */
	KEG_EBUSY,	  /* the named thing is in use, or in the wrong state */
	KEG_ENETWORK,	  /* the other side cannot be reached, or broke off */
	KEG_EAUTH,	  /* the other side wants (other) credentials */
	KEG_ENOSPACE,	  /* the disk or a quota is full */
	KEG_ENOCOMMAND,	  /* the container's command does not exist: exit status 127 */
	KEG_EBADCOMMAND,  /* the container's command cannot be run: exit status 126 */
	KEG_ENOIMAGE,	  /* the place is there and holds no such image */
};

struct keg_err {
	enum keg_code code;
	int sys;	/* errno of the failed call, or 0 */
	char msg[1024]; /* "outer: inner: cause", one line, no newline */
	char hint[256]; /* one sentence for the user, or "" */
};

/* Fill *err and return -code, so that `return keg_fail(...)` is the idiom. */
int keg_fail(struct keg_err *err, enum keg_code code, const char *fmt, ...) KEG_PRINTF(3, 4);

/* As keg_fail(), for a failed system call: the code follows from errno value `sys`. */
int keg_fail_sys(struct keg_err *err, int sys, const char *fmt, ...) KEG_PRINTF(3, 4);

/* Put "context: " before the message; returns -code again. */
int keg_wrap(struct keg_err *err, const char *fmt, ...) KEG_PRINTF(2, 3);

/* Say what the user can do about it; returns -code again. */
int keg_hint(struct keg_err *err, const char *fmt, ...) KEG_PRINTF(2, 3);

/*
 * Tells compilers and analysers what the four above promise, so that they see no path on
 * which a function failed and its caller goes on.
 */
static inline int keg_negative_(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}
#define keg_fail(...) keg_negative_((keg_fail)(__VA_ARGS__))
#define keg_fail_sys(...) keg_negative_((keg_fail_sys)(__VA_ARGS__))
#define keg_wrap(...) keg_negative_((keg_wrap)(__VA_ARGS__))
#define keg_hint(...) keg_negative_((keg_hint)(__VA_ARGS__))

/* For main() only: "Error: msg", then the hint on its own line. */
void keg_err_print(const struct keg_err *err, FILE *out);

#endif
