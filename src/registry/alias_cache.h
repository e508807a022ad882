/* SPDX-License-Identifier: Apache-2.0 */
/* alias_cache.h - short-name-aliases.conf: what users chose before, shared with the peers. */
#ifndef KEG_REGISTRY_ALIAS_CACHE_H
#define KEG_REGISTRY_ALIAS_CACHE_H

#include "base/err.h"

/* Where it is; the caller frees. */
char *alias_cache_path(void);

/* The full name recorded for a short one, or NULL; the caller frees. */
int alias_cache_find(const char *name, char **out, struct keg_err *err) KEG_MUST_CHECK;

/* Add or replace, under the lock that the peers use. */
int alias_cache_record(const char *name, const char *full, struct keg_err *err) KEG_MUST_CHECK;

#endif
