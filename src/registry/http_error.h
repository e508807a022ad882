/* SPDX-License-Identifier: Apache-2.0 */
/* http_error.h - what went wrong below HTTP, in the words that users of the peers know. */
#ifndef KEG_REGISTRY_HTTP_ERROR_H
#define KEG_REGISTRY_HTTP_ERROR_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/err.h"

/* Fill *err for a transfer that ended with `code`; `detail` is curl's own message. */
int http_error_fill(CURL *easy, CURLcode code, const char *method, const char *url,
		    const char *detail, struct keg_err *err);

/* May the same request succeed the next time, as nobody refused anything? */
bool http_error_is_passing(CURLcode code);
/* There was no connection. */
bool http_error_is_outage(CURLcode code);

#endif
