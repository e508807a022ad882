/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_profile.h - the profile file of containers-common (seccomp.json), which says for
 * which capabilities and architectures its rules are, as the list of rules for one container.
 */
#ifndef KEG_ENGINE_SECCOMP_PROFILE_H
#define KEG_ENGINE_SECCOMP_PROFILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "spec/runtime_config.h"

/*
 * `path` NULL: /etc/containers/seccomp.json, else /usr/share/containers/seccomp.json. `caps` has
 * bit N set when capability N is in the bounding set. The result lives in `arena`.
 */
int seccomp_profile_load(const char *path, uint64_t caps, struct oci_seccomp **out,
			 struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

#endif
