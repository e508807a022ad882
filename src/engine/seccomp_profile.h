/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_profile.h - the system call filter of a container: which profile, its rules for the
 * container's capabilities, and what they compile to, kept from one container to the next.
 */
#ifndef KEG_ENGINE_SECCOMP_PROFILE_H
#define KEG_ENGINE_SECCOMP_PROFILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "spec/runtime_config.h"

/*
 * `path` NULL: /etc/containers/seccomp.json, else /usr/share/containers/seccomp.json, else the
 * built-in one. `caps` has bit N set when capability N is in the bounding set. The result
 * lives in `arena`.
 */
int seccomp_profile_load(const char *path, uint64_t caps, struct oci_seccomp **out,
			 struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same, compiled: 1 with *file naming it (in `arena`) below the folder `cache`; 0 where
 * it cannot be used: the cache cannot be written, or a rule wants a listener. The profile is
 * read only when it has changed since, or the capabilities are new.
 */
int seccomp_profile_file(const char *path, uint64_t caps, const char *cache, const char **file,
			 struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

#endif
