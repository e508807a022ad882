/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - one HTTP exchange, redirects followed, over libcurl.
 *
 * `struct http` is a pool of curl handles: each thread borrows one for an exchange, and the
 * handle keeps its connections for the next borrower. Names and TLS sessions are shared.
 */
#ifndef KEG_REGISTRY_HTTP_H
#define KEG_REGISTRY_HTTP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/strv.h"
#include "registry/blob.h"
#include "registry/certs.h"
#include "registry/registry.h"
#include "registry/upload.h"

struct http;

struct http_settings {
	const char *user_agent;
	const char *unix_socket;   /* to connect to, whatever the URL says; NULL: the URL's host */
	const atomic_bool *cancel; /* may be NULL */
	int64_t deadline_ns;	   /* 0: none */
	unsigned stall_seconds;	   /* a transfer without progress this long is broken off */
};
struct http *http_new(const struct http_settings *settings);
void http_free(struct http *http);
bool http_cancelled(const struct http *http);

struct http_response {
	int status;
	int64_t length;	     /* Content-Length, -1 when not said */
	int64_t retry_after; /* seconds, -1 when not said */
	int64_t chunk_least; /* OCI-Chunk-Min-Length, -1 when not said */
	struct keg_buf body; /* what the sink did not take, at most `most` bytes */
	struct keg_strv challenges;
	char *location, *content_type, *digest, *link, *content_range, *range;
	char *subject;		/* OCI-Subject */
	char *keeps_signatures; /* X-Registry-Supports-Signatures */
	char *url;		/* that answered, after redirects */
	bool broken;		/* the exchange failed in a way that another attempt may not */
	bool stalled;		/* and that took its time */
	bool unreachable;	/* no connection came about: passing where there was one before */
};
void http_response_done(struct http_response *response);
KEG_AUTO(http_response, http_response_done)

struct http_request {
	const char *method, *url;
	const struct registry_certs *certs;
	const char *authorization;	/* or NULL; goes to the origin of `url` only */
	const struct keg_strv *headers; /* "Name: value", or NULL */

	const void *body; /* NULL: none, unless `source` */
	size_t body_len;
	const struct registry_source *source; /* instead, read on at source_from */
	uint64_t source_from;
	int64_t source_len; /* so much of it; < 0: all */

	size_t most; /* of a successful answer's body kept in memory; more is KEG_ECORRUPT */
	/* Takes the body of a 200 or 206 instead, after `begin` agreed to the headers. */
	registry_sink *sink;
	int (*begin)(void *ctx, const struct http_response *headers, struct keg_err *err);
	void *ctx;
};

/*
 * Carry out the exchange. Any status is a success here, except that a redirect is followed
 * (at most 10, never from https to http, for requests that can be sent again). What the sink,
 * begin or source fail with is returned as it is; failures below HTTP are KEG_ENETWORK with
 * a message like `Get "URL": dial tcp HOST:PORT: connect: connection refused`.
 */
int http_exchange(struct http *http, const struct http_request *request, struct http_response *out,
		  struct keg_err *err) KEG_MUST_CHECK;

#endif
