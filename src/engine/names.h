/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - what a container may be called, and names for those that were given none. */
#ifndef KEG_ENGINE_NAMES_H
#define KEG_ENGINE_NAMES_H

#include "base/err.h"

/* "adjective_surname" by chance; `tries` > 0 adds a digit, for when the name was taken. */
char *name_random(unsigned tries);

/* [a-zA-Z0-9][a-zA-Z0-9_.-]* or KEG_EUSAGE with the peers' words. */
int name_check(const char *name, struct keg_err *err) KEG_MUST_CHECK;

#endif
