/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redirects are followed here and not by curl, because the rules are ours: a secret goes to
 * the origin that it is for and nowhere else, https never turns into http, and a body that
 * was streamed away cannot be sent again.
 */
#include "registry/http.h"

#include <string.h>

#include "base/mem.h"
#include "registry/http_hop.h"
#include "registry/url.h"

enum { MAX_REDIRECTS = 10 };

static bool is_redirect(const struct http_response *answer)
{
	int s = answer->status;

	return answer->location && (s == 301 || s == 302 || s == 303 || s == 307 || s == 308);
}

/* A GET or HEAD can be sent anywhere; a body in memory only where it is asked for again. */
static bool may_follow(const struct http_request *request, int status)
{
	if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0)
		return true;
	return !request->source && (status == 307 || status == 308);
}

static int next_url(const struct http_response *answer, const char *from, char **out,
		    struct keg_err *err)
{
	int r = url_resolve(from, answer->location, out, err);

	if (r < 0)
		return keg_wrap(err, "redirect from %s", from);
	if (url_is_https(from) && !url_is_https(*out))
		return keg_fail(err, KEG_ENETWORK, "redirect from %s to unencrypted http refused",
				from);
	return 0;
}

int http_exchange(struct http *http, const struct http_request *request, struct http_response *out,
		  struct keg_err *err)
{
	autofree char *url = keg_strdup(request->url);

	for (int hops = 0; hops <= MAX_REDIRECTS; hops++) {
		autofree char *next = NULL;

		http_response_done(out);
		int r = http_hop(http, request, url, out, err);
		if (r < 0)
			return r;
		if (!is_redirect(out) || !may_follow(request, out->status)) {
			out->url = take_ptr(&url);
			return 0;
		}
		r = next_url(out, url, &next, err);
		if (r < 0)
			return r;
		free(url);
		url = take_ptr(&next);
	}
	return keg_fail(err, KEG_ENETWORK, "%s \"%s\": stopped after %d redirects", request->method,
			request->url, MAX_REDIRECTS);
}
