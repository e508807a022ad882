/* SPDX-License-Identifier: Apache-2.0 */
/* http_trust.h - which certificates curl is to accept and to show. */
#ifndef KEG_REGISTRY_HTTP_TRUST_H
#define KEG_REGISTRY_HTTP_TRUST_H

#include <curl/curl.h>
#include <stdbool.h>

#include "registry/certs.h"

/* Does the system keep its authorities as a folder in which one is found by its hash? */
bool http_trust_is_hashed(void);

/*
 * `hashed` is that answer: then only the authorities that a server's certificate names are
 * read, where else each new connection parses all of them, which takes longer than a small
 * pull.
 */
void http_trust_set(CURL *easy, const struct registry_certs *certs, bool hashed);

#endif
