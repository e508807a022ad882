/* SPDX-License-Identifier: Apache-2.0 */
/* http_headers.h - header lines of an answer into its struct. */
#ifndef KEG_REGISTRY_HTTP_HEADERS_H
#define KEG_REGISTRY_HTTP_HEADERS_H

#include "registry/http.h"

/*
 * Take one line, not terminated, line end included. A status line starts the answer anew.
 * Headers that nobody asks about are dropped, malformed ones count as absent.
 */
void http_headers_take(struct http_response *out, const char *line, size_t len);

#endif
