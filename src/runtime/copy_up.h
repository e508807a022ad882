/* SPDX-License-Identifier: Apache-2.0 */
/* copy_up.h - "tmpcopyup": what a folder holds, copied into the tmpfs that will cover it. */
#ifndef KEG_RUNTIME_COPY_UP_H
#define KEG_RUNTIME_COPY_UP_H

#include "base/err.h"

/*
 * Copy the tree at the folder `from` into the folder `into`: folders, files, links, devices with
 * their modes, owners and times. Nothing outside the tree is followed or read.
 */
int copy_up(int from, int into, struct keg_err *err) KEG_MUST_CHECK;

#endif
