/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.h - which layers the peers have mounted: their run folder says so. For this layer. */
#ifndef KEG_STORE_MOUNTS_H
#define KEG_STORE_MOUNTS_H

#include "base/strv.h"
#include "store/store.h"

/* The first of `layers` that is mounted, with where, as text that the caller frees; or NULL. */
char *store_mounted_at(const struct store *store, const struct keg_strv *layers);

#endif
