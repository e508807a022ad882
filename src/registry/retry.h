/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h - how often and how soon to try again. */
#ifndef KEG_REGISTRY_RETRY_H
#define KEG_REGISTRY_RETRY_H

#include <stdbool.h>

#include "registry/http.h"

enum { RETRY_MOST = 5, RETRY_AFTER_MOST = 60 };

/* Start from {0}. */
struct retry {
	unsigned failures; /* in a row */
};

/*
 * Should an exchange that ended with `r` and `answer` be tried again? Yes when the connection
 * broke or the server is overloaded, and then only after waiting: twice as long as the last
 * time (from 200 ms, up to half of it left to chance), or as long as the server wishes. A wish
 * of over a minute is not obeyed but given up. Use:
 * do r = ...; while (retry_again(&retry, http, r, &answer));
 */
bool retry_again(struct retry *retry, const struct http *http, int r,
		 const struct http_response *answer);

/* http_exchange() in such a loop; for a request whose body can be sent again. */
int retry_exchange(struct http *http, const struct http_request *request, struct http_response *out,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
