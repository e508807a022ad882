/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/docker_engine.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "registry/http.h"
#include "registry/url.h"

enum {
	ANSWER_MOST = 1 << 20,
	TRUST_MOST = 1 << 20,
	/* The engine says nothing while it unpacks a large layer. */
	STALL_SECONDS = 900,
};

struct docker_engine {
	struct http *http;
	struct registry_certs certs;
	char *host; /* as it was given */
	char *url;  /* what paths are appended to, with its slash */
};

/* The part of HOST:PORT/PATH that has to be there. */
static int take_url(struct docker_engine *engine, const char *scheme, const char *rest,
		    struct keg_err *err)
{
	if (!*rest || *rest == '/')
		return keg_fail(err, KEG_EUSAGE, "unable to parse docker host `%s`", engine->host);
	engine->url = keg_printf("%s://%s%s", scheme, rest, keg_str_ends(rest, "/") ? "" : "/");
	return 0;
}

/* *socket is within `where`, or NULL. */
static int take_host(struct docker_engine *engine, const struct docker_engine_where *where,
		     const char **socket, struct keg_err *err)
{
	const char *rest;

	*socket = keg_str_after(where->host, "unix://");
	if (*socket) {
		engine->url = keg_strdup("http://docker/");
		return 0;
	}
	if ((rest = keg_str_after(where->host, "http://")))
		return take_url(engine, "http", rest, err);
	if ((rest = keg_str_after(where->host, "https://")))
		return take_url(engine, "https", rest, err);
	if ((rest = keg_str_after(where->host, "tcp://")))
		return take_url(engine, where->plain_tcp ? "http" : "https", rest, err);
	keg_fail(err, KEG_EUSAGE, "unable to parse docker host `%s`", where->host);
	return keg_hint(err, "hosts are unix://PATH, tcp://HOST:PORT or http://HOST:PORT");
}

/* The names are Docker's own (`docker --tlscacert` and its kin). */
static int take_certs(struct docker_engine *engine, const struct docker_engine_where *where,
		      struct keg_err *err)
{
	engine->certs.verify = !where->insecure;
	if (!where->cert_dir || !url_is_https(engine->url))
		return 0;
	if (!where->insecure) {
		autofree char *ca = keg_path_join(where->cert_dir, "ca.pem");
		int r = keg_file_read(AT_FDCWD, ca, TRUST_MOST, &engine->certs.trust, err);

		if (r < 0)
			return keg_wrap(err, "reading CA file");
	}
	engine->certs.cert = keg_path_join(where->cert_dir, "cert.pem");
	engine->certs.key = keg_path_join(where->cert_dir, "key.pem");
	if (keg_exists(AT_FDCWD, engine->certs.cert) && keg_exists(AT_FDCWD, engine->certs.key))
		return 0;
	return keg_fail(err, KEG_ENOTFOUND, "loading X509 key pair: no cert.pem and key.pem in %s",
			where->cert_dir);
}

int docker_engine_open(const struct docker_engine_where *where, struct docker_engine **out,
		       struct keg_err *err)
{
	struct docker_engine *engine = keg_alloc(1, sizeof *engine);
	const char *socket;

	autoptr(docker_engine) owned = engine;
	engine->host = keg_strdup(where->host);
	int r = take_host(engine, where, &socket, err);
	if (r >= 0)
		r = take_certs(engine, where, err);
	if (r < 0)
		return keg_wrap(err, "initializing docker engine client");
	engine->http = http_new(&(struct http_settings){ .user_agent = "keg/" KEG_VERSION,
							 .unix_socket = socket,
							 .stall_seconds = STALL_SECONDS });
	*out = take_ptr(&owned);
	return 0;
}

void docker_engine_close(struct docker_engine *engine)
{
	if (engine->http)
		http_free(engine->http);
	registry_certs_done(&engine->certs);
	free(engine->host);
	free(engine->url);
	free(engine);
}

/* {"message": "..."} of an answer that is no success. */
static int refuse(const struct http_response *answer, struct keg_err *err)
{
	struct keg_err ignored;
	autojson root = NULL;
	const char *message = NULL;

	if (keg_json_parse(keg_buf_text(&answer->body), answer->body.len, &root, &ignored) >= 0)
		message = keg_json_str(root, "message", NULL);
	enum keg_code code = answer->status == 404 ? KEG_ENOTFOUND : KEG_ENETWORK;
	if (message)
		return keg_fail(err, code, "Error response from daemon: %s", message);
	return keg_fail(err, code, "Error response from daemon: status %d", answer->status);
}

static int exchange(struct docker_engine *engine, struct http_request *request,
		    struct http_response *answer, struct keg_err *err)
{
	request->certs = &engine->certs;
	int r = http_exchange(engine->http, request, answer, err);
	if (r == -KEG_ENETWORK && answer->status == 0) {
		keg_wrap(err, "cannot connect to the Docker daemon at %s", engine->host);
		return keg_hint(err, "Is the docker daemon running?");
	}
	return r < 0 || answer->status == 200 ? r : refuse(answer, err);
}

int docker_engine_save(struct docker_engine *engine, const char *name, registry_sink *sink,
		       void *ctx, struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *path = keg_printf("%simages/get", engine->url);
	autofree char *url = url_add_query(path, "names", name);
	struct http_request request = {
		.method = "GET", .url = url, .most = ANSWER_MOST, .sink = sink, .ctx = ctx
	};

	int r = exchange(engine, &request, &answer, err);
	return r < 0 ? keg_wrap(err, "loading image from docker engine") : r;
}

/* The answer is a line of JSON for each message; one of them may be the error. */
static int check_progress(const struct http_response *answer, struct keg_err *err)
{
	auto(keg_strv) lines = { 0 };

	keg_strv_split(&lines, keg_buf_text(&answer->body), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		autojson message = NULL;

		if (strspn(lines.v[i], " \t\r") == strlen(lines.v[i]))
			continue;
		int r = keg_json_parse(lines.v[i], strlen(lines.v[i]), &message, err);
		if (r < 0)
			return keg_wrap(err, "parsing docker load progress");
		const char *failed = keg_json_str(message, "error", NULL);
		if (failed)
			return keg_fail(err, KEG_ESYSTEM, "docker engine reported: \"%s\"", failed);
	}
	return 0;
}

int docker_engine_load(struct docker_engine *engine, const struct registry_source *archive,
		       struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	auto(keg_strv) headers = { 0 };
	autofree char *url = keg_printf("%simages/load?quiet=1", engine->url);
	struct http_request request = { .method = "POST",
					.url = url,
					.headers = &headers,
					.source = archive,
					.source_len = archive->size,
					.most = ANSWER_MOST };

	keg_strv_add(&headers, "Content-Type: application/x-tar");
	int r = exchange(engine, &request, &answer, err);
	if (r < 0)
		return keg_wrap(err, "starting a load operation in docker engine");
	return check_progress(&answer, err);
}
