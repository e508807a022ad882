/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token protocol of the distribution project (spec/auth/token.md, oauth.md): a registry
 * names a realm and a service, the realm gives a token for a scope. The host's lock is held
 * while a token is fetched, so that many threads that need the same one ask for it once.
 */
#include "registry/auth.h"

#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/num.h"
#include "registry/answer.h"
#include "registry/retry.h"
#include "registry/url.h"

enum {
	TOKEN_BODY_MOST = 1 << 20,
	TOKEN_SECONDS_LEAST = 60, /* what a token lives when its server does not say */
	TOKEN_SECONDS_SPARE = 10, /* for the way */
};

struct registry_token {
	struct registry_token *next;
	char *key; /* realm, service, scopes and user */
	char *header;
	time_t until; /* CLOCK_MONOTONIC */
};

static time_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void token_free(struct registry_token *token)
{
	free(token->key);
	free(token->header);
	free(token);
}

void auth_forget_all(struct registry_host *host)
{
	while (host->tokens) {
		struct registry_token *next = host->tokens->next;

		token_free(host->tokens);
		host->tokens = next;
	}
}

void auth_learn(struct registry_host *host, const struct http_response *answer)
{
	keg_arena_done(&host->arena);
	host->challenges = (struct challenges){ 0 };
	for (size_t i = 0; i < answer->challenges.n; i++)
		challenge_parse(answer->challenges.v[i], &host->arena, &host->challenges);
}

static char *basic_header(const struct registry_creds *creds)
{
	autofree char *pair = keg_printf("%s:%s", creds->username, creds->password);
	autofree char *coded = keg_base64(pair, strlen(pair));

	return keg_printf("Basic %s", coded);
}

static const char *actions_of(enum registry_access access)
{
	switch (access) {
	case REGISTRY_PUSH:
		return "pull,push";
	case REGISTRY_DELETE:
		return "*";
	default:
		return "pull";
	}
}

static void list_scopes(const struct registry_repo *repo, const char *also_pull,
			struct keg_strv *out)
{
	if (*repo->path)
		keg_strv_addf(out, "repository:%s:%s", repo->path, actions_of(repo->access));
	if (also_pull)
		keg_strv_addf(out, "repository:%s:pull", also_pull);
}

/* The parameters as a GET on the realm has them. */
static char *token_url(const struct challenge *c, const struct keg_strv *scopes,
		       const struct registry_creds *creds)
{
	char *url = keg_strdup(c->realm);
	auto(keg_strv) names = { 0 };
	auto(keg_strv) values = { 0 };

	if (creds->username) {
		keg_strv_add(&names, "account");
		keg_strv_add(&values, creds->username);
	}
	for (size_t i = 0; i < scopes->n; i++) {
		keg_strv_add(&names, "scope");
		keg_strv_add(&values, scopes->v[i]);
	}
	if (c->service) {
		keg_strv_add(&names, "service");
		keg_strv_add(&values, c->service);
	}
	for (size_t i = 0; i < names.n; i++) {
		char *longer = url_add_query(url, names.v[i], values.v[i]);
		free(url);
		url = longer;
	}
	return url;
}

/* The form of an OAuth2 refresh (oauth.md). */
static char *refresh_form(const struct challenge *c, const struct keg_strv *scopes,
			  const char *identity_token)
{
	autofree char *joined = keg_strv_join(scopes, " ");
	autofree char *scope = url_escape(joined);
	autofree char *service = url_escape(c->service ? c->service : "");
	autofree char *token = url_escape(identity_token);

	return keg_printf("grant_type=refresh_token&client_id=keg&service=%s&scope=%s&"
			  "refresh_token=%s",
			  service, scope, token);
}

/* A token goes into a header as it is, so it must not end the line. */
static bool is_header_safe(const char *token)
{
	for (const unsigned char *c = (const unsigned char *)token; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	}
	return *token != '\0';
}

static int read_token(const struct http_response *answer, struct registry_token *out,
		      struct keg_err *err)
{
	autojson body = NULL;

	if (keg_json_parse(keg_buf_text(&answer->body), answer->body.len, &body, err) < 0)
		return keg_wrap(err, "unable to decode token response");

	const char *text = keg_json_str(body, "token", "");
	if (!*text)
		text = keg_json_str(body, "access_token", "");
	if (!is_header_safe(text))
		return keg_fail(err, KEG_EAUTH, "the token server gave no usable token");

	int64_t lives = keg_json_i64(body, "expires_in", 0);
	if (lives < TOKEN_SECONDS_LEAST)
		lives = TOKEN_SECONDS_LEAST;
	if (lives > INT32_MAX)
		lives = INT32_MAX;
	out->header = keg_printf("Bearer %s", text);
	out->until = monotonic() + (time_t)lives - TOKEN_SECONDS_SPARE;
	return 0;
}

static int check_realm(const struct registry_host *host, const struct challenge *c,
		       struct keg_err *err)
{
	autofree char *server = c->realm ? url_host_port(c->realm) : NULL;

	if (!server ||
	    (!keg_str_starts(c->realm, "https://") && !keg_str_starts(c->realm, "http://")))
		return keg_fail(err, KEG_EAUTH, "the registry names no usable token server");
	if (host->certs.verify && keg_str_eq(host->scheme, "https") && !url_is_https(c->realm))
		return keg_fail(err, KEG_EAUTH,
				"the token server %s is refused: it is not reached by https",
				server);
	return 0;
}

static int fetch_token(struct registry_repo *repo, const struct challenge *c,
		       const struct keg_strv *scopes, struct registry_token *out,
		       struct keg_err *err)
{
	const struct registry_creds *creds = &repo->creds;
	auto(http_response) answer = { 0 };
	auto(keg_strv) headers = { 0 };
	autofree char *url = NULL;
	autofree char *form = NULL;
	autofree char *basic = NULL;
	struct http_request request = { .method = "GET",
					.certs = &repo->host->certs,
					.headers = &headers,
					.most = TOKEN_BODY_MOST };

	if (creds->identity_token) {
		form = refresh_form(c, scopes, creds->identity_token);
		keg_strv_add(&headers, "Content-Type: application/x-www-form-urlencoded");
		request.method = "POST";
		request.url = c->realm;
		request.body = form;
		request.body_len = strlen(form);
	} else {
		url = token_url(c, scopes, creds);
		basic = creds->username ? basic_header(creds) : NULL;
		request.url = url;
		request.authorization = basic;
	}
	int r = retry_exchange(repo->client->http, &request, &answer, err);
	if (r < 0)
		return r;
	if (answer.status == 401) {
		answer_fail(&answer, err);
		return keg_wrap(err, "invalid username/password");
	}
	if (answer.status != 200)
		return answer_fail(&answer, err);
	return read_token(&answer, out, err);
}

/* The kept token with this key, or NULL; those that expired are dropped on the way. */
static struct registry_token *find_token(struct registry_host *host, const char *key)
{
	struct registry_token *found = NULL;

	for (struct registry_token **at = &host->tokens; *at;) {
		struct registry_token *token = *at;

		if (token->until <= monotonic()) {
			*at = token->next;
			token_free(token);
			continue;
		}
		if (strcmp(token->key, key) == 0)
			found = token;
		at = &token->next;
	}
	return found;
}

static int bearer_header(struct registry_repo *repo, const struct challenge *c,
			 const char *also_pull, char **out, struct keg_err *err)
{
	struct registry_host *host = repo->host;
	auto(keg_strv) scopes = { 0 };
	struct registry_token fresh = { 0 };

	int r = check_realm(host, c, err);
	if (r < 0)
		return r;
	list_scopes(repo, also_pull, &scopes);

	autofree char *joined = keg_strv_join(&scopes, " ");
	autofree char *key = keg_printf("%s %s %s %s", c->realm, c->service ? c->service : "",
					joined, repo->creds.username ? repo->creds.username : "");
	struct registry_token *token = find_token(host, key);
	if (!token) {
		r = fetch_token(repo, c, &scopes, &fresh, err);
		if (r < 0)
			return keg_wrap(err, "unable to retrieve auth token");
		token = keg_memdup(&fresh, sizeof fresh);
		token->key = take_ptr(&key);
		token->next = host->tokens;
		host->tokens = token;
	}
	*out = keg_strdup(token->header);
	return 0;
}

static int header_locked(struct registry_repo *repo, const char *also_pull, char **out,
			 struct keg_err *err)
{
	const struct challenges *asked = &repo->host->challenges;

	for (size_t i = 0; i < asked->n; i++) {
		if (asked->v[i].scheme == CHALLENGE_BEARER)
			return bearer_header(repo, &asked->v[i], also_pull, out, err);
		if (asked->v[i].scheme == CHALLENGE_BASIC && repo->creds.username) {
			*out = basic_header(&repo->creds);
			return 0;
		}
	}
	return 0;
}

int auth_header(struct registry_repo *repo, const char *also_pull, char **out, struct keg_err *err)
{
	const char *ready = repo->client->registry_token;

	if (ready) {
		*out = keg_printf("Bearer %s", ready);
		return 0;
	}
	pthread_mutex_lock(&repo->host->lock);
	int r = header_locked(repo, also_pull, out, err);
	pthread_mutex_unlock(&repo->host->lock);
	return r;
}

bool auth_refused(struct registry_repo *repo, const char *sent, const struct http_response *answer)
{
	struct registry_host *host = repo->host;
	bool again = false;

	if (repo->client->registry_token)
		return false;
	pthread_mutex_lock(&host->lock);
	if (answer->challenges.n > 0)
		auth_learn(host, answer);
	/* A basic password that was refused once is refused again. */
	if (!sent || keg_str_starts(sent, "Bearer ")) {
		for (struct registry_token *t = host->tokens; t; t = t->next) {
			if (sent && strcmp(t->header, sent) == 0)
				t->until = 0;
		}
		again = host->challenges.n > 0;
	}
	pthread_mutex_unlock(&host->lock);
	return again;
}
