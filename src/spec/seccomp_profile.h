/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_profile.h - the profile file of the engines (seccomp.json of containers-common, and
 * what --security-opt seccomp=FILE names): the specification's linux.seccomp, where a rule may
 * say for which capabilities, architectures and kernels it is.
 */
#ifndef KEG_SPEC_SECCOMP_PROFILE_H
#define KEG_SPEC_SECCOMP_PROFILE_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "os/seccomp.h"
#include "spec/runtime_config.h"

/* The largest known profile is 30 KB. */
enum { SECCOMP_PROFILE_MAX = 4 << 20 };

/* When a rule is for a container: all of what is named here must be so. */
struct seccomp_condition {
	const char **caps;   /* "CAP_SYS_ADMIN" */
	const char **arches; /* Go's names: "amd64" */
	size_t n_caps, n_arches;
	const char *min_kernel; /* "4.8" */
};

struct seccomp_conditional {
	const char **names;
	const char *name; /* older files: one name a rule */
	const char *action;
	const char *errno_name; /* "EPERM": goes before errnoRet */
	const uint32_t *errno_ret;
	struct oci_syscall_arg *args;
	size_t n_names, n_args;
	struct seccomp_condition *includes, *excludes;
};

struct seccomp_arch_map {
	const char *architecture; /* "SCMP_ARCH_X86_64" */
	const char **sub;
	size_t n_sub;
};

struct seccomp_document {
	const char *default_action;
	const char *default_errno_name;
	const uint32_t *default_errno_ret;
	const char **architectures, **flags;
	size_t n_architectures, n_flags;
	const char *listener_path, *listener_metadata;
	struct seccomp_arch_map *arch_map;
	size_t n_arch_map;
	struct seccomp_conditional *rules;
	size_t n_rules;
};

/* Where a profile is to apply. */
struct seccomp_host {
	const char *const *caps; /* the container's bounding set, "CAP_CHOWN" */
	size_t n_caps;
	const char *arch;   /* Go's name */
	const char *scmp;   /* libseccomp's: "SCMP_ARCH_X86_64" */
	unsigned kernel[2]; /* 6, 1 */
};

/* The machine that we were built for and the kernel that runs; no capabilities. */
struct seccomp_host seccomp_host_here(void);

/* Parse and check a whole file; all of *out lives in the arena. KEG_ECORRUPT otherwise. */
int seccomp_document_parse(const char *text, size_t len, struct seccomp_document *out,
			   struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* What is left of it for one container; it lives in the arena and refers to the document. */
void seccomp_document_resolve(const struct seccomp_document *document,
			      const struct seccomp_host *host, struct oci_seccomp *out,
			      struct keg_arena *arena);

/*
 * An engine that has compiled the profile already names the file here (os/seccomp.h) instead of
 * writing linux.seccomp, where it knows that our runtime will read it. linux.seccomp goes first.
 */
#define SECCOMP_FILTER_ANNOTATION "org.keg.seccomp.filter"

/*
 * linux.seccomp as what os/seccomp.h compiles; it lives in the arena and refers to `from`. Without
 * a list of flags (an empty one is a list) it has SPEC_ALLOW, as runc's and crun's: no slow
 * speculation for a program that only is filtered.
 */
void seccomp_profile_from_config(const struct oci_seccomp *from, struct seccomp_profile *out,
				 struct keg_arena *arena);

#endif
