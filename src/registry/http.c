/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redirects are followed here and not by curl, because the rules are ours: a secret goes to
 * the origin that it is for and nowhere else, https never turns into http, and a body that
 * was streamed away cannot be sent again.
 *
 * Pooled handles keep their connections; curl cannot share connections between threads
 * safely, but it can share resolved names and TLS sessions.
 */
#include "registry/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "registry/http_error.h"
#include "registry/url.h"

enum {
	MAX_REDIRECTS = 10,
	MAX_HEADER_BYTES = 256 << 10,
	MAX_CHALLENGES = 16,
	ERROR_BODY_MOST = 64 << 10,
	CONNECT_SECONDS = 30,
	STALL_BYTES = 128, /* per second: slower is no progress */
	RECEIVE_BUFFER = 512 << 10,
	SEND_BUFFER = 512 << 10,
	MAX_IDLE = 16,
};

struct http {
	struct http_settings settings;
	char *user_agent;
	CURLSH *shared;
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
	pthread_mutex_t lock; /* of what follows */
	CURL *idle[MAX_IDLE];
	size_t n_idle;
};

/* One hop of one exchange. */
struct transfer {
	struct http *http;
	CURL *easy;
	const struct http_request *request;
	struct http_response *out;
	struct keg_err *err;
	size_t header_bytes;
	bool failed;	/* *err is filled: not curl's failure but ours */
	bool cut;	/* an error's text, of which the beginning is enough */
	bool streaming; /* the sink agreed to take the body */
	char detail[CURL_ERROR_SIZE];
};

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
	http->user_agent = keg_strdup(settings->user_agent);
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
	free(http);
}

bool http_cancelled(const struct http *http)
{
	return http->settings.cancel && atomic_load(http->settings.cancel);
}

void http_response_done(struct http_response *response)
{
	keg_buf_done(&response->body);
	keg_strv_done(&response->challenges);
	free(response->location);
	free(response->content_type);
	free(response->digest);
	free(response->link);
	free(response->content_range);
	free(response->url);
	*response = (struct http_response){ 0 };
}

static CURL *borrow(struct http *http)
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

static void give_back(struct http *http, CURL *easy)
{
	curl_easy_reset(easy); /* options only: the connections stay */
	pthread_mutex_lock(&http->lock);
	if (http->n_idle < MAX_IDLE) {
		http->idle[http->n_idle++] = easy;
		easy = NULL;
	}
	pthread_mutex_unlock(&http->lock);
	if (easy)
		curl_easy_cleanup(easy);
}

/* The value of header `name` in the line, trimmed, in new memory; NULL: another header. */
static char *header_value(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	const char *from = line + n + 1, *to = line + len;
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && strchr(" \t\r\n", to[-1]))
		to--;
	return keg_strndup(from, (size_t)(to - from));
}

static void take_number(const char *text, int64_t *out)
{
	struct keg_err ignored;
	uint64_t value;

	if (keg_parse_u64(text, &value, &ignored) >= 0 && value <= INT64_MAX)
		*out = (int64_t)value;
}

/* Retry-After is seconds or an HTTP date (RFC 9110, 10.2.3). */
static void take_retry_after(const char *text, int64_t *out)
{
	take_number(text, out);
	if (*out < 0) {
		time_t at = curl_getdate(text, NULL);
		if (at >= 0)
			*out = at > time(NULL) ? at - time(NULL) : 0;
	}
}

static void take_header(struct http_response *out, const char *line, size_t len)
{
	const struct {
		const char *name;
		char **into;
	} texts[] = {
		{ "Location", &out->location },
		{ "Content-Type", &out->content_type },
		{ "Content-Range", &out->content_range },
		{ "Docker-Content-Digest", &out->digest },
		{ "Link", &out->link },
	};

	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		char *value = header_value(line, len, texts[i].name);
		if (value) {
			free(*texts[i].into);
			*texts[i].into = value;
			return;
		}
	}

	autofree char *length = header_value(line, len, "Content-Length");
	if (length)
		take_number(length, &out->length);
	autofree char *after = header_value(line, len, "Retry-After");
	if (after)
		take_retry_after(after, &out->retry_after);
	char *challenge = header_value(line, len, "WWW-Authenticate");
	if (challenge && out->challenges.n < MAX_CHALLENGES)
		keg_strv_take(&out->challenges, challenge);
	else
		free(challenge);
}

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
	/* A new status line: what came before was 100 Continue or the proxy's answer. */
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		http_response_done(t->out);
		t->out->length = t->out->retry_after = -1;
		return len;
	}
	take_header(t->out, line, len);
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
		if (r >= 0)
			r = t->request->sink(t->request->ctx, bytes, len, t->err);
	}
	t->failed = r < 0;
	return r < 0 || t->cut ? CURL_WRITEFUNC_ERROR : len;
}

static size_t on_source(char *into, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	const struct registry_source *source = t->request->source;
	ssize_t got = source->read(source->ctx, into, size * n, t->err);

	t->failed = got < 0;
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static int on_progress(void *ctx, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
		       curl_off_t ulnow)
{
	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return http_cancelled(ctx);
}

/* curl's own list of trusted authorities is replaced by a blob, so it must be in there. */
static void set_trust(CURL *easy, const struct registry_certs *certs)
{
	const char *dir = getenv("SSL_CERT_DIR"), *file = getenv("SSL_CERT_FILE");

	if (!certs->verify) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (!keg_str_empty(dir))
		curl_easy_setopt(easy, CURLOPT_CAPATH, dir);
	if (!keg_str_empty(file))
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
	if (certs->verify && certs->trust.len > 0) {
		struct curl_blob blob = { .data = certs->trust.data,
					  .len = certs->trust.len,
					  .flags = CURL_BLOB_NOCOPY };
		curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (certs->cert) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, certs->cert);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, certs->key);
	}
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
		curl_easy_setopt(
			easy, CURLOPT_INFILESIZE_LARGE,
			(curl_off_t)(request->source->size < 0 ? -1 : request->source->size));
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
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)http->settings.stall_seconds);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (http->settings.cancel) {
		curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(easy, CURLOPT_XFERINFODATA, http);
	}
	set_trust(easy, t->request->certs);
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

/* One request and its answer. */
static int hop(struct http *http, const struct http_request *request, const char *url,
	       struct http_response *out, struct keg_err *err)
{
	struct transfer t = { .http = http, .request = request, .out = out, .err = err };
	struct curl_slist *headers = header_list(request, url_same_origin(request->url, url));
	long status = 0;
	int r = 0;

	t.easy = borrow(http);
	out->length = out->retry_after = -1;
	set_options(&t, url);
	curl_easy_setopt(t.easy, CURLOPT_HTTPHEADER, headers);

	CURLcode code = curl_easy_perform(t.easy);
	curl_easy_getinfo(t.easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	if (t.failed)
		r = -(int)err->code;
	else if (t.cut)
		r = 0;
	else if (code == CURLE_ABORTED_BY_CALLBACK)
		r = keg_fail(err, KEG_EBUSY, "interrupted");
	else if (code != CURLE_OK) {
		out->broken = http_error_is_passing(code);
		r = http_error_fill(t.easy, code, request->method, url, t.detail, err);
	} else if (is_body_wanted(&t) && !t.streaming) /* an empty body */
		r = begin_streaming(&t);
	give_back(http, t.easy);
	curl_slist_free_all(headers);
	return r;
}

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
		int r = hop(http, request, url, out, err);
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
