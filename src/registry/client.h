/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - what the files of this layer share: the client, its hosts and repositories. */
#ifndef KEG_REGISTRY_CLIENT_H
#define KEG_REGISTRY_CLIENT_H

#include <pthread.h>

#include "registry/auth_file.h"
#include "registry/certs.h"
#include "registry/challenge.h"
#include "registry/http.h"
#include "registry/registry.h"

struct registry_token;

/* A server and what was learned about it. `lock` guards all but the first four. */
struct registry_host {
	struct registry_host *next;
	char *name;   /* as in references: "docker.io" */
	char *server; /* to connect to: "registry-1.docker.io" */
	bool insecure;

	pthread_mutex_t lock;
	bool known; /* what follows was found out */
	const char *scheme;
	bool keeps_signatures; /* X-Registry-Supports-Signatures: 1 */
	struct registry_certs certs;
	struct keg_arena arena; /* of the challenges */
	struct challenges challenges;
	struct registry_token *tokens;
};

struct registry_client {
	struct http *http;
	struct registry_creds creds; /* --creds */
	bool anonymous;
	struct keg_strv helpers;
	enum registry_tls tls;
	char *authfile, *registry_token, *cert_dir;
	pthread_mutex_t lock; /* of the list */
	struct registry_host *hosts;
};

struct registry_repo {
	struct registry_client *client;
	struct registry_host *host;
	char *path, *name;
	enum registry_access access;
	struct registry_creds creds;
};

/* "https://server/v2/PATH" and what the format says; the caller frees. */
char *registry_url(const struct registry_repo *repo, const char *fmt, ...) KEG_PRINTF(2, 3);

/*
 * Send the request with authorization, and once more with a new token when the old one is
 * refused. `also_pull` (may be NULL) is a second repository that the token must cover. No
 * other retries; request->certs and ->authorization are filled in here.
 */
int registry_send(struct registry_repo *repo, struct http_request *request, const char *also_pull,
		  struct http_response *out, struct keg_err *err) KEG_MUST_CHECK;

/* The same with the tries of retry.h. */
int registry_call(struct registry_repo *repo, struct http_request *request, const char *also_pull,
		  struct http_response *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
