/* SPDX-License-Identifier: Apache-2.0 */
/* capabilities.h - capabilities as words, numbers and sets (bit N is capability N). */
#ifndef KEG_ENGINE_CAPABILITIES_H
#define KEG_ENGINE_CAPABILITIES_H

#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { CAPABILITY_COUNT = CAP_LAST_CAP + 1 };

/* "CAP_CHOWN" for 0. */
const char *capability_name(unsigned number);

/* The number of "NET_ADMIN", "cap_net_admin" and so on; -1 when there is no such. */
int capability_number(const char *text);

/* A list of words as a set; the word "all" is `all`. KEG_EUSAGE with the peers' words. */
int capability_set(const char *const *list, size_t n, uint64_t all, uint64_t *out,
		   struct keg_err *err) KEG_MUST_CHECK;

/* This process' bounding set: what is not in it nobody below gets. */
uint64_t capability_bounding(void);

#endif
