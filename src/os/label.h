/* SPDX-License-Identifier: Apache-2.0 */
/* label.h - security labels that the next exec takes on: AppArmor profiles, SELinux contexts. */
#ifndef KEG_OS_LABEL_H
#define KEG_OS_LABEL_H

#include <stdbool.h>

#include "base/err.h"

bool label_apparmor_enabled(void);
bool label_selinux_enabled(void);

/*
 * Set the label of the next exec. `procfs`: see procfs.h.
 */
int label_apparmor_on_exec(int procfs, const char *profile, struct keg_err *err) KEG_MUST_CHECK;
int label_selinux_on_exec(int procfs, const char *context, struct keg_err *err) KEG_MUST_CHECK;

/* The label of what the calling thread makes in the keyring; no SELinux: nothing to do. */
int label_selinux_keys(int procfs, const char *context, struct keg_err *err) KEG_MUST_CHECK;

#endif
