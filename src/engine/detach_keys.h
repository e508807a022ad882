/* SPDX-License-Identifier: Apache-2.0 */
/* detach_keys.h - the key sequence that leaves a container's terminal without ending it. */
#ifndef KEG_ENGINE_DETACH_KEYS_H
#define KEG_ENGINE_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MAX];
	size_t n;    /* 0: there is no such sequence */
	size_t seen; /* how many of them were typed last */
};

/* "ctrl-p,ctrl-q", "a,b", ""; KEG_EUSAGE otherwise. */
int detach_keys_parse(const char *text, struct detach_keys *out,
		      struct keg_err *err) KEG_MUST_CHECK;

/*
 * Look at typed bytes; true when the sequence was completed. `out` (room for n + DETACH_KEYS_MAX)
 * gets what is to be passed on: a sequence begun is held back until it is clear that it is none.
 */
bool detach_keys_filter(struct detach_keys *keys, const unsigned char *typed, size_t n,
			unsigned char *out, size_t *n_out);

#endif
