/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - what a registry says when it says no. */
#ifndef KEG_REGISTRY_ANSWER_H
#define KEG_REGISTRY_ANSWER_H

#include <stdbool.h>

#include "base/err.h"
#include "registry/http.h"

/*
 * Fill *err from an answer that is no success: the registry's own errors ("manifest unknown:
 * ...") where the body has them, else the status. 404 is KEG_ENOTFOUND, 401 and 403 are
 * KEG_EAUTH, everything else KEG_ENETWORK.
 */
int answer_fail(const struct http_response *answer, struct keg_err *err);

/* Do the registry's errors have this code ("BLOB_UNKNOWN")? */
bool answer_names(const struct http_response *answer, const char *code);

/* Worth trying again: 429 and the 5xx that come from overload. */
bool answer_is_transient(int status);

/* "404 (Not Found)". The caller frees. */
char *answer_status_text(int status);

#endif
