/* SPDX-License-Identifier: Apache-2.0 */
/* http_hop.h - one request and its answer, no redirects. */
#ifndef KEG_REGISTRY_HTTP_HOP_H
#define KEG_REGISTRY_HTTP_HOP_H

#include "registry/http.h"

/* Send `request` to `url`, which may be another than its own; as http_exchange() otherwise. */
int http_hop(struct http *http, const struct http_request *request, const char *url,
	     struct http_response *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
