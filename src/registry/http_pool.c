/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl cannot share connections between threads safely, but a handle keeps its own, and
 * resolved names and TLS sessions can be shared.
 */
#include "registry/http_pool.h"

#include "base/clock.h"
#include "base/mem.h"
#include "registry/http_trust.h"

static void share_lock(CURL *easy, curl_lock_data data, curl_lock_access access, void *ctx)
{
	struct http *http = ctx;

	(void)easy;
	(void)access;
	pthread_mutex_lock(&http->share_locks[data]);
}

static void share_unlock(CURL *easy, curl_lock_data data, void *ctx)
{
	struct http *http = ctx;

	(void)easy;
	pthread_mutex_unlock(&http->share_locks[data]);
}

static void global_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		keg_out_of_memory();
}

struct http *http_new(const struct http_settings *settings)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, global_init);

	struct http *http = keg_alloc(1, sizeof *http);
	http->settings = *settings;
	http->hashed_trust = -1;
	http->user_agent = keg_strdup(settings->user_agent);
	http->unix_socket = keg_strdup(settings->unix_socket);
	pthread_mutex_init(&http->lock, NULL);
	for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
		pthread_mutex_init(&http->share_locks[i], NULL);
	http->shared = curl_share_init();
	if (!http->shared)
		keg_out_of_memory();
	curl_share_setopt(http->shared, CURLSHOPT_LOCKFUNC, share_lock);
	curl_share_setopt(http->shared, CURLSHOPT_UNLOCKFUNC, share_unlock);
	curl_share_setopt(http->shared, CURLSHOPT_USERDATA, http);
	curl_share_setopt(http->shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(http->shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return http;
}

void http_free(struct http *http)
{
	for (size_t i = 0; i < http->n_idle; i++)
		curl_easy_cleanup(http->idle[i]);
	curl_share_cleanup(http->shared);
	for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
		pthread_mutex_destroy(&http->share_locks[i]);
	pthread_mutex_destroy(&http->lock);
	free(http->user_agent);
	free(http->unix_socket);
	free(http);
}

bool http_cancelled(const struct http *http)
{
	int64_t deadline = http->settings.deadline_ns;

	return (http->settings.cancel && atomic_load(http->settings.cancel)) ||
	       (deadline > 0 && keg_monotonic_ns() >= deadline);
}

bool http_has_hashed_trust(struct http *http)
{
	pthread_mutex_lock(&http->lock);
	if (http->hashed_trust < 0)
		http->hashed_trust = http_trust_is_hashed();
	bool hashed = http->hashed_trust;
	pthread_mutex_unlock(&http->lock);
	return hashed;
}

CURL *http_borrow(struct http *http)
{
	CURL *easy = NULL;

	pthread_mutex_lock(&http->lock);
	if (http->n_idle > 0)
		easy = http->idle[--http->n_idle];
	pthread_mutex_unlock(&http->lock);
	if (!easy)
		easy = curl_easy_init();
	if (!easy)
		keg_out_of_memory();
	return easy;
}

void http_give_back(struct http *http, CURL *easy)
{
	curl_easy_reset(easy); /* options only: the connections stay */
	pthread_mutex_lock(&http->lock);
	if (http->n_idle < HTTP_MAX_IDLE) {
		http->idle[http->n_idle++] = easy;
		easy = NULL;
	}
	pthread_mutex_unlock(&http->lock);
	if (easy)
		curl_easy_cleanup(easy);
}
