/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_default.h - the profile for hosts where no package has installed one: as strict as the
 * one that the peers come with, in the same form.
 */
#ifndef KEG_ENGINE_SECCOMP_DEFAULT_H
#define KEG_ENGINE_SECCOMP_DEFAULT_H

#include "spec/seccomp_profile.h"

/* Changes with the table, for what is compiled from it and kept. */
#define SECCOMP_DEFAULT_EDITION "keg default 1"

void seccomp_default_document(struct seccomp_document *out, struct keg_arena *arena);

#endif
