/* SPDX-License-Identifier: Apache-2.0 */
/* fresh.h - namespaces that the first process makes for itself, and what new ones need. */
#ifndef KEG_RUNTIME_FRESH_H
#define KEG_RUNTIME_FRESH_H

#include "runtime/launch.h"

/*
 * The file for the offsets of a time namespace, while we may open it still: once we are another
 * user in a user namespace our own files in /proc belong to root outside. -1: none is needed.
 */
int fresh_open_offsets(const struct launch *launch, int *out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The cgroup namespace, which shows the group that we are in; the time namespace, whose offsets
 * are written before anybody lives in it; the loopback interface of a network namespace.
 */
int fresh_make(const struct launch *launch, int offsets, struct keg_err *err) KEG_MUST_CHECK;

/* Host and domain name, where the namespace is ours. */
int fresh_name_host(const struct oci_config *config, struct keg_err *err) KEG_MUST_CHECK;

#endif
