/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client.h"

#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "registry/answer.h"
#include "registry/auth.h"
#include "registry/retry.h"
#include "registry/url.h"

enum { PING_BODY_MOST = 64 << 10, STALL_SECONDS = 60 };

int registry_client_new(const struct registry_options *options, struct registry_client **out,
			struct keg_err *err)
{
	const char *prefix = options->user_agent_prefix;
	autofree char *agent = keg_printf("%s%skeg/" KEG_VERSION, prefix ? prefix : "",
					  keg_str_empty(prefix) ? "" : " ");
	struct http_settings settings = {
		.user_agent = agent,
		.cancel = options->cancel,
		.deadline_ns = options->deadline_ns,
		.stall_seconds = options->stall_seconds ? options->stall_seconds : STALL_SECONDS,
	};

	if (options->username && !*options->username)
		return keg_fail(err, KEG_EUSAGE, "username can't be empty");

	struct registry_client *client = keg_alloc(1, sizeof *client);
	client->http = http_new(&settings);
	client->creds.username = keg_strdup(options->username);
	client->creds.password = keg_strdup(options->password ? options->password : "");
	client->anonymous = options->anonymous;
	if (options->helpers)
		keg_strv_extend(&client->helpers, (const char *const *)options->helpers->v,
				options->helpers->n);
	client->tls = options->tls;
	client->authfile = keg_strdup(options->authfile);
	client->registry_token = keg_strdup(options->registry_token);
	client->cert_dir = keg_strdup(options->cert_dir);
	pthread_mutex_init(&client->lock, NULL);
	*out = client;
	return 0;
}

static void host_free(struct registry_host *host)
{
	auth_forget_all(host);
	keg_arena_done(&host->arena);
	registry_certs_done(&host->certs);
	pthread_mutex_destroy(&host->lock);
	free(host->name);
	free(host->server);
	free(host);
}

void registry_client_free(struct registry_client *client)
{
	while (client->hosts) {
		struct registry_host *next = client->hosts->next;

		host_free(client->hosts);
		client->hosts = next;
	}
	http_free(client->http);
	registry_creds_done(&client->creds);
	keg_strv_done(&client->helpers);
	free(client->authfile);
	free(client->registry_token);
	free(client->cert_dir);
	pthread_mutex_destroy(&client->lock);
	free(client);
}

/* The entry of a host, made when there is none. */
static struct registry_host *find_host(struct registry_client *client,
				       const struct registry_place *place)
{
	struct registry_host *host;

	pthread_mutex_lock(&client->lock);
	for (host = client->hosts; host; host = host->next) {
		if (strcmp(host->name, place->host) == 0 && host->insecure == place->insecure)
			break;
	}
	if (!host) {
		host = keg_alloc(1, sizeof *host);
		host->name = keg_strdup(place->host);
		/* The name that people use was never the server's. */
		host->server =
			keg_strdup(keg_str_eq(place->host, "docker.io") ? "registry-1.docker.io"
									: place->host);
		host->insecure = place->insecure;
		pthread_mutex_init(&host->lock, NULL);
		host->next = client->hosts;
		client->hosts = host;
	}
	pthread_mutex_unlock(&client->lock);
	return host;
}

static void learn(struct registry_host *host, const char *scheme,
		  const struct http_response *answer)
{
	host->scheme = scheme;
	host->keeps_signatures = keg_str_eq(answer->keeps_signatures, "1");
	auth_learn(host, answer);
}

static int ping(struct registry_client *client, struct registry_host *host, const char *scheme,
		struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *url = keg_printf("%s://%s/v2/", scheme, host->server);
	struct http_request request = {
		.method = "GET", .url = url, .certs = &host->certs, .most = PING_BODY_MOST
	};

	int r = retry_exchange(client->http, &request, &answer, err);
	if (r < 0)
		return r;
	if (answer.status != 200 && answer.status != 401)
		return answer_fail(&answer, err);
	learn(host, scheme, &answer);
	return 0;
}

/*
 * Where a port is named, one that takes http without credentials has nothing to hide and most
 * likely no https: asking saves a handshake that is half of what a short command takes.
 */
static bool is_open_http(struct registry_client *client, struct registry_host *host)
{
	auto(http_response) answer = { 0 };
	autofree char *url = keg_printf("http://%s/v2/", host->server);
	struct http_request request = {
		.method = "GET", .url = url, .certs = &host->certs, .most = PING_BODY_MOST
	};
	struct keg_err ignored;

	if (!strchr(host->server, ':') ||
	    http_exchange(client->http, &request, &answer, &ignored) < 0 || answer.status != 200 ||
	    !keg_str_starts(answer.url, "http://"))
		return false;
	learn(host, "http", &answer);
	return true;
}

/* https first, also where http is allowed: who can encrypt should. */
static int find_out(struct registry_client *client, struct registry_host *host, struct keg_err *err)
{
	bool lax = client->tls == REGISTRY_TLS_OFF ||
		   (client->tls == REGISTRY_TLS_DEFAULT && host->insecure);

	registry_certs_done(&host->certs);
	int r = registry_certs_load(client->cert_dir, host->name, &host->certs, err);
	if (r < 0)
		return r;
	host->certs.verify = !lax;
	host->known = lax && is_open_http(client, host);
	if (host->known)
		return 0;
	r = ping(client, host, "https", err);
	if (r < 0 && lax && r != -KEG_EBUSY) {
		keg_debug("%s", err->msg);
		r = ping(client, host, "http", err);
	}
	if (r < 0)
		return keg_wrap(err, "pinging container registry %s", host->server);
	host->known = true;
	return 0;
}

static int find_creds(const struct registry_client *client, struct registry_repo *repo,
		      struct keg_err *err)
{
	if (client->anonymous || client->registry_token)
		return 0;
	if (client->creds.username) {
		repo->creds.username = keg_strdup(client->creds.username);
		repo->creds.password = keg_strdup(client->creds.password);
		return 0;
	}
	int r = registry_auth_find(client->authfile, &client->helpers, repo->name, &repo->creds,
				   err);
	return r < 0 ? keg_wrap(err, "getting username and password") : 0;
}

int registry_repo_open(struct registry_client *client, const struct registry_place *place,
		       enum registry_access access, struct registry_repo **out, struct keg_err *err)
{
	autoptr(registry_repo) repo = keg_alloc(1, sizeof *repo);

	repo->client = client;
	repo->host = find_host(client, place);
	repo->path = keg_strdup(place->path);
	repo->name = *place->path ? keg_printf("%s/%s", place->host, place->path)
				  : keg_strdup(place->host);
	repo->access = access;
	int r = find_creds(client, repo, err);
	if (r < 0)
		return r;

	pthread_mutex_lock(&repo->host->lock);
	r = repo->host->known ? 0 : find_out(client, repo->host, err);
	pthread_mutex_unlock(&repo->host->lock);
	if (r < 0)
		return r;
	*out = take_ptr(&repo);
	return 0;
}

void registry_repo_close(struct registry_repo *repo)
{
	registry_creds_done(&repo->creds);
	free(repo->path);
	free(repo->name);
	free(repo);
}

const char *registry_repo_name(const struct registry_repo *repo)
{
	return repo->name;
}

char *registry_url(const struct registry_repo *repo, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *rest = keg_vprintf(fmt, ap);
	va_end(ap);
	return keg_printf("%s://%s/v2/%s%s", repo->host->scheme, repo->host->server, repo->path,
			  rest);
}

int registry_send(struct registry_repo *repo, struct http_request *request, const char *also_pull,
		  struct http_response *out, struct keg_err *err)
{
	http_response_done(out);
	request->certs = &repo->host->certs;
	for (int tries = 0;; tries++) {
		autofree char *header = NULL;

		int r = auth_header(repo, also_pull, &header, err);
		if (r < 0)
			return r;
		/* Where an upload goes on another host, that host's URL is its permission. */
		autofree char *own = registry_url(repo, "/");
		request->authorization = url_same_origin(own, request->url) ? header : NULL;
		r = http_exchange(repo->client->http, request, out, err);
		request->authorization = NULL;
		if (r < 0 || out->status != 401 || tries > 0 || !auth_refused(repo, header, out))
			return r;
		if (request->source) {
			if (!request->source->seek)
				return 0;
			r = request->source->seek(request->source->ctx, request->source_from, err);
			if (r < 0)
				return r;
		}
	}
}

int registry_call(struct registry_repo *repo, struct http_request *request, const char *also_pull,
		  struct http_response *out, struct keg_err *err)
{
	struct retry retry = { 0 };
	int r;

	do
		r = registry_send(repo, request, also_pull, out, err);
	while (retry_again(&retry, repo->client->http, r, out));
	return r;
}
