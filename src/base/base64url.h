/* SPDX-License-Identifier: Apache-2.0 */
/* base64url.h - base64 for URLs and without padding (RFC 7515, 2), as JSON web documents have it.
 */
#ifndef KEG_BASE_BASE64URL_H
#define KEG_BASE_BASE64URL_H

#include <stddef.h>

#include "base/err.h"

/* The caller frees both. */
char *keg_base64url(const void *bytes, size_t n);
/* KEG_EUSAGE when malformed. */
int keg_unbase64url(const char *text, void **out, size_t *n, struct keg_err *err) KEG_MUST_CHECK;

#endif
