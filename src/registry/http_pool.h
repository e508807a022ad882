/* SPDX-License-Identifier: Apache-2.0 */
/* http_pool.h - the handles of curl that the threads of a client take turns with. */
#ifndef KEG_REGISTRY_HTTP_POOL_H
#define KEG_REGISTRY_HTTP_POOL_H

#include <curl/curl.h>
#include <pthread.h>

#include "registry/http.h"

enum { HTTP_MAX_IDLE = 16 };

struct http {
	struct http_settings settings;
	char *user_agent, *unix_socket;
	CURLSH *shared;
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
	pthread_mutex_t lock; /* of what follows */
	int hashed_trust;     /* 1, 0; -1: nobody asked yet */
	CURL *idle[HTTP_MAX_IDLE];
	size_t n_idle;
};

/* A handle without options, with the connections of its last use; never NULL. */
CURL *http_borrow(struct http *http);
void http_give_back(struct http *http, CURL *easy);
/* Can the system's authorities be looked up one by one? Found out when first asked. */
bool http_has_hashed_trust(struct http *http);

#endif
