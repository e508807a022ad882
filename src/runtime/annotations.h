/* SPDX-License-Identifier: Apache-2.0 */
/* annotations.h - what crun's users ask for by annotations, and what of that is not built. */
#ifndef KEG_RUNTIME_ANNOTATIONS_H
#define KEG_RUNTIME_ANNOTATIONS_H

#include <stdbool.h>

#include "spec/runtime_config.h"

#define ANNOTATION_HOOKS_STDOUT "run.oci.hooks.stdout"
#define ANNOTATION_HOOKS_STDERR "run.oci.hooks.stderr"
#define ANNOTATION_PIDFD "run.oci.pidfd_receiver"
#define ANNOTATION_SECCOMP_RECEIVER "run.oci.seccomp.receiver"
#define ANNOTATION_SECCOMP_UNKNOWN "run.oci.seccomp_fail_unknown_syscall"
#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"
#define ANNOTATION_MOUNT_CONTEXT "run.oci.mount_context_type"
#define ANNOTATION_SUBGROUP "run.oci.systemd.subgroup"
#define ANNOTATION_DELEGATE "run.oci.delegate-cgroup"
#define ANNOTATION_UNIT_PROPERTY "org.systemd.property." /* and a name */

/* The n-th of those that change what is done, for who lets others write some; NULL: no more. */
const char *annotations_name(size_t n);

/* Those that would change what runs, and are not built, are refused by name. */
int annotations_check(const struct oci_config *config, struct keg_err *err) KEG_MUST_CHECK;

/* The process keeps the supplementary groups of the caller. */
bool annotations_keep_groups(const struct oci_config *config);

/* The mount option by which SELinux labels a file system. */
const char *annotations_mount_context(const struct oci_config *config);

#endif
