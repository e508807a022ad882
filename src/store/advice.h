/* SPDX-License-Identifier: Apache-2.0 */
/* advice.h - what a user can do about a store that cannot be written, or is damaged. */
#ifndef KEG_STORE_ADVICE_H
#define KEG_STORE_ADVICE_H

#include "base/err.h"

/*
 * Add a hint to a failure to write below the store's root that has none; returns -code again. For
 * whoever writes there: the store itself, who fills stagings, the engine.
 */
int store_advise(const char *root, struct keg_err *err);

/* The same for a list that is no list: `file` as below the store's root. */
int store_advise_list(const char *root, const char *file, struct keg_err *err);

#endif
