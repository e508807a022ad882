/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - taking URLs apart and following references between them, with curl's parser. */
#ifndef KEG_REGISTRY_URL_H
#define KEG_REGISTRY_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { URL_MOST = 32 << 10 };

/*
 * `reference` as seen from `base`: absolute, http or https, without user information; else
 * KEG_ENETWORK. The caller frees.
 */
int url_resolve(const char *base, const char *reference, char **out,
		struct keg_err *err) KEG_MUST_CHECK;

/* Same scheme, host and port: what may be told the same secrets. */
bool url_same_origin(const char *a, const char *b);
bool url_is_https(const char *url);
/* "host:port" with the scheme's port filled in; the caller frees. NULL when malformed. */
char *url_host_port(const char *url);

/* `url` with one more query parameter, its value escaped; the caller frees. */
char *url_add_query(const char *url, const char *name, const char *value);
/* For paths and form bodies: all but unreserved characters escaped; the caller frees. */
char *url_escape(const char *text);

#endif
