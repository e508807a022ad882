/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h - system call filters from OCI profiles, compiled once.
 *
 * libseccomp needs milliseconds for a profile of 400 names; loading the result needs tens of
 * microseconds. So a compiled filter is kept in a file that carries the whole request beside
 * the instructions: the file's name is only a fast hash, and equality is decided by comparing
 * the request. Nothing in the cache is believed unless we or root own it and nobody else may
 * write it.
 */
#ifndef KEG_OS_SECCOMP_H
#define KEG_OS_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct seccomp_arg {
	uint32_t index; /* 0 to 5 */
	uint64_t value, value_two;
	const char *op; /* "SCMP_CMP_EQ" */
};

struct seccomp_rule {
	const char **names;
	size_t n_names;
	const char *action; /* "SCMP_ACT_ALLOW" */
	const uint32_t *errno_ret;
	struct seccomp_arg *args;
	size_t n_args;
};

/* linux.seccomp of the OCI runtime specification; a later rule adds to the earlier ones. */
struct seccomp_profile {
	const char *default_action;
	const uint32_t *default_errno_ret;
	const char **architectures; /* "SCMP_ARCH_X86_64"; none: the native one */
	size_t n_architectures;
	const char **flags; /* "SECCOMP_FILTER_FLAG_LOG" */
	size_t n_flags;
	struct seccomp_rule *rules;
	size_t n_rules;
};

struct seccomp_filter {
	struct sock_filter *insns;
	size_t n_insns;
	unsigned flags; /* for seccomp(2) */
	bool notify;	/* a rule asks a listener: loading gives a descriptor */
	void *memory;	/* what seccomp_filter_done() frees */
};

/*
 * The compiled filter of a profile: from `cache` (a folder, made with mode 0700 when missing;
 * NULL: no cache), else compiled and put there. Trouble with the cache is no error. Names
 * that this architecture does not know are passed over, as runc does; an unknown action,
 * operator, flag or architecture is KEG_EUSAGE naming it.
 */
int seccomp_filter_get(const struct seccomp_profile *profile, const char *cache,
		       struct seccomp_filter *out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same for a request known by other means than its profile: `key` is any bytes that
 * determine it (a file's identity, capabilities). seccomp_filter_find() returns 1 with the
 * filter, 0 when the cache has none; seccomp_filter_keep() puts one there for the next time.
 */
int seccomp_filter_find(const char *cache, const void *key, size_t key_len,
			struct seccomp_filter *out);
void seccomp_filter_keep(const char *cache, const void *key, size_t key_len,
			 const struct seccomp_filter *filter);

/* The file that seccomp_filter_find() would read, when it would find one: the caller frees *path.
 */
int seccomp_filter_place(const char *cache, const void *key, size_t key_len, char **path);

/* Compile without any cache. */
int seccomp_filter_compile(const struct seccomp_profile *profile, struct seccomp_filter *out,
			   struct keg_err *err) KEG_MUST_CHECK;

/* Names that this libseccomp knows for no architecture, as KEG_EUSAGE naming the first. */
int seccomp_profile_check_names(const struct seccomp_profile *profile,
				struct keg_err *err) KEG_MUST_CHECK;

/* What seccomp(2) is told. */
unsigned seccomp_filter_load_flags(const struct seccomp_filter *filter);

/* As a file for another process, and back from a descriptor (checked as the cache is). */
void seccomp_filter_format(const struct seccomp_filter *filter, const void *key, size_t key_len,
			   struct keg_buf *out);
int seccomp_filter_read(int fd, struct seccomp_filter *out, struct keg_err *err) KEG_MUST_CHECK;

void seccomp_filter_done(struct seccomp_filter *filter);
KEG_AUTO(seccomp_filter, seccomp_filter_done)

/*
 * Put the filter on the calling thread, which has no_new_privs or CAP_SYS_ADMIN. Neither
 * allocates nor locks. Returns the listener's descriptor (close-on-exec) when it notifies, else 0.
 */
int seccomp_filter_load(const struct seccomp_filter *filter, struct keg_err *err) KEG_MUST_CHECK;

/* Does this kernel know the flag? (for `features`) */
bool seccomp_flag_known(const char *name);

#endif
