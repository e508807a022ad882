/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_hop.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "registry/http_error.h"
#include "registry/http_headers.h"
#include "registry/http_pool.h"
#include "registry/http_trust.h"
#include "registry/proxy.h"
#include "registry/url.h"

enum {
	MAX_HEADER_BYTES = 256 << 10,
	ERROR_BODY_MOST = 64 << 10,
	CONNECT_SECONDS = 30,
	STALL_BYTES = 128,   /* per second: slower is no progress */
	COMMIT_PATIENCE = 5, /* times as long, when the server has to digest what it got */
	RECEIVE_BUFFER = 256 << 10,
	SEND_BUFFER = 256 << 10,
};

/*
 * A stall is a time in which the server moves next to nothing. curl's own low-speed limit
 * would also count the time in which our own sink or source is busy.
 */
struct watch {
	int64_t since_ns; /* start of the current stretch */
	int64_t bytes;	  /* moved before it */
	int64_t most_ns;
	bool stalled;
};

struct transfer {
	struct http *http;
	CURL *easy;
	const struct http_request *request;
	struct http_response *out;
	struct keg_err *err;
	size_t header_bytes;
	uint64_t sent;	/* of the source */
	bool failed;	/* *err is filled: not curl's failure but ours */
	bool cut;	/* an error's text, of which the beginning is enough */
	bool streaming; /* the sink agreed to take the body */
	struct watch watch;
	char detail[CURL_ERROR_SIZE];
};

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * n;

	t->header_bytes += len;
	if (t->header_bytes > MAX_HEADER_BYTES) {
		keg_fail(t->err, KEG_ENETWORK, "the server's headers exceed %d bytes",
			 MAX_HEADER_BYTES);
		t->failed = true;
		return 0;
	}
	http_headers_take(t->out, line, len);
	return len;
}

static bool is_body_wanted(const struct transfer *t)
{
	return t->request->sink && (t->out->status == 200 || t->out->status == 206);
}

static int keep_body(struct transfer *t, const char *bytes, size_t len)
{
	bool success = t->out->status >= 200 && t->out->status < 300;
	size_t most = success ? t->request->most : ERROR_BODY_MOST;
	size_t room = most - t->out->body.len;

	if (len <= room) {
		keg_buf_add(&t->out->body, bytes, len);
		return 0;
	}
	if (success)
		return keg_fail(t->err, KEG_ECORRUPT, "the answer exceeds %zu bytes", most);
	keg_buf_add(&t->out->body, bytes, room);
	t->cut = true;
	return 0;
}

static int begin_streaming(struct transfer *t)
{
	t->streaming = true;
	return t->request->begin ? t->request->begin(t->request->ctx, t->out, t->err) : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * n;
	long status = 0;
	int r = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->out->status = (int)status;
	if (!is_body_wanted(t)) {
		r = keep_body(t, bytes, len);
	} else {
		if (!t->streaming)
			r = begin_streaming(t);
		int64_t before = keg_monotonic_ns();
		if (r >= 0)
			r = t->request->sink(t->request->ctx, bytes, len, t->err);
		t->watch.since_ns += keg_monotonic_ns() - before;
	}
	t->failed = r < 0;
	return r < 0 || t->cut ? CURL_WRITEFUNC_ERROR : len;
}

static size_t on_source(char *into, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	const struct registry_source *source = t->request->source;
	int64_t before = keg_monotonic_ns();
	uint64_t room = size * n;

	if (t->request->source_len >= 0 && room > (uint64_t)t->request->source_len - t->sent)
		room = (uint64_t)t->request->source_len - t->sent;
	if (room == 0)
		return 0;
	ssize_t got = source->read(source->ctx, into, (size_t)room, t->err);

	t->watch.since_ns += keg_monotonic_ns() - before;
	t->failed = got < 0;
	if (got > 0)
		t->sent += (uint64_t)got;
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* Called at least once a second. */
static int on_progress(void *ctx, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
		       curl_off_t ulnow)
{
	struct transfer *t = ctx;
	struct watch *watch = &t->watch;
	int64_t now = keg_monotonic_ns(), bytes = dlnow + ulnow;

	(void)dltotal;
	(void)ultotal;
	if (http_cancelled(t->http))
		return 1;
	if (now - watch->since_ns < watch->most_ns)
		return 0;
	watch->stalled = bytes - watch->bytes < watch->most_ns / KEG_NS_PER_S * STALL_BYTES;
	watch->since_ns = now;
	watch->bytes = bytes;
	return watch->stalled;
}

static void set_body(struct transfer *t)
{
	const struct http_request *request = t->request;
	CURL *easy = t->easy;

	if (request->source) {
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BUFFER);
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_source);
		curl_easy_setopt(easy, CURLOPT_READDATA, t);
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
				 (curl_off_t)(request->source_len < 0 ? -1 : request->source_len));
	} else if (strcmp(request->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (strcmp(request->method, "GET") != 0) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	}
	if (strcmp(request->method, "HEAD") != 0)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

/* Told even where there is none, as curl would look at the environment by rules of its own. */
static void set_proxy(struct transfer *t, const char *url)
{
	struct proxy_words words = { 0 };

	if (!t->http->unix_socket)
		proxy_environment(&words);
	autofree char *proxy = proxy_for(&words, url);
	curl_easy_setopt(t->easy, CURLOPT_PROXY, proxy ? proxy : "");
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
	/* A SOCKS server must not get to choose Kerberos, which this libcurl may be without. */
	curl_easy_setopt(t->easy, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC);
}

static void set_options(struct transfer *t, const char *url)
{
	struct http *http = t->http;
	CURL *easy = t->easy;

	curl_easy_setopt(easy, CURLOPT_SHARE, http->shared);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, http->user_agent);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
	set_proxy(t, url);
	if (http->unix_socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, http->unix_socket);
	if (url_is_https(url))
		http_trust_set(easy, t->request->certs, http_has_hashed_trust(http));
	set_body(t);
}

static struct curl_slist *header_list(const struct http_request *request, bool same_origin)
{
	/* No waiting for "100 Continue", which half of the registries never send. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; request->headers && i < request->headers->n; i++)
		list = curl_slist_append(list, request->headers->v[i]);
	if (request->authorization && same_origin) {
		autofree char *line = keg_printf("Authorization: %s", request->authorization);
		list = curl_slist_append(list, line);
	}
	return list;
}

static void start_watch(struct transfer *t)
{
	bool commits = strcmp(t->request->method, "PUT") == 0;

	t->watch.since_ns = keg_monotonic_ns();
	t->watch.most_ns = (int64_t)t->http->settings.stall_seconds * KEG_NS_PER_S *
			   (commits ? COMMIT_PATIENCE : 1);
}

/* What curl's verdict and our own mean together. */
static int conclude(struct transfer *t, CURLcode code, const char *url)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->out->status = (int)status;
	if (t->failed)
		return -(int)t->err->code;
	if (t->cut)
		return 0;
	if (t->watch.stalled) {
		t->out->broken = t->out->stalled = true;
		return keg_fail(t->err, KEG_ENETWORK, "%s: no progress for %lld seconds", url,
				(long long)(t->watch.most_ns / KEG_NS_PER_S));
	}
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return keg_fail(t->err, KEG_EBUSY, "%s \"%s\": %s", t->request->method, url,
				t->http->settings.deadline_ns > 0 ? "context deadline exceeded"
								  : "interrupted");
	if (code != CURLE_OK) {
		t->out->broken = http_error_is_passing(code);
		t->out->unreachable = http_error_is_outage(code);
		return http_error_fill(t->easy, code, t->request->method, url, t->detail, t->err);
	}
	return is_body_wanted(t) && !t->streaming ? begin_streaming(t) : 0; /* an empty body */
}

int http_hop(struct http *http, const struct http_request *request, const char *url,
	     struct http_response *out, struct keg_err *err)
{
	struct transfer t = { .http = http, .request = request, .out = out, .err = err };
	struct curl_slist *headers = header_list(request, url_same_origin(request->url, url));

	t.easy = http_borrow(http);
	out->length = out->retry_after = out->chunk_least = -1;
	set_options(&t, url);
	curl_easy_setopt(t.easy, CURLOPT_HTTPHEADER, headers);
	start_watch(&t);
	int r = conclude(&t, curl_easy_perform(t.easy), url);
	http_give_back(http, t.easy);
	curl_slist_free_all(headers);
	return r;
}
