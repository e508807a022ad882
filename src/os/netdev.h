/* SPDX-License-Identifier: Apache-2.0 */
/* netdev.h - network devices moved from one network namespace to another. */
#ifndef KEG_OS_NETDEV_H
#define KEG_OS_NETDEV_H

#include <stdbool.h>

#include "base/err.h"

/* What the kernel takes as the name of a device. */
bool netdev_name_is_valid(const char *name);

/*
 * Move a device of our network namespace to another, by its descriptor, there under a name that is
 * free, or with a "%d" that the kernel fills in. Its permanent addresses of global scope go along,
 * and afterwards it is up. On failure it may be down, or there already.
 */
int netdev_move(const char *name, const char *new_name, int netns,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
