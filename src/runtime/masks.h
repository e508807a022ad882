/* SPDX-License-Identifier: Apache-2.0 */
/* masks.h - paths that a container must not see, or not write. */
#ifndef KEG_RUNTIME_MASKS_H
#define KEG_RUNTIME_MASKS_H

#include "spec/runtime_config.h"

/*
 * Cover the masked paths (a file by the host's /dev/null, a folder by an empty tmpfs) and make the
 * read-only ones so, below `root`, which is attached. What is not there is passed over. To be
 * called before the host's root is gone: /dev/null of the container is not trusted
 * (CVE-2025-31133).
 */
int masks_apply(const struct oci_linux *os, int root, struct keg_err *err) KEG_MUST_CHECK;

#endif
